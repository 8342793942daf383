//! One HTML page that needs nothing else and runs nothing: no script, no link to anywhere, and a policy that forbids both.

use std::fmt::{self, Write};

use super::{Document, Message, Said, shown};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0 auto;padding:2rem 1.25rem;max-width:52rem;font:16px/1.55 ui-sans-serif,system-ui,sans-serif}\
h1{font-size:1.35rem;margin:0 0 .75rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 2rem;font-size:.85rem}\
dt{opacity:.65}dd{margin:0;overflow-wrap:anywhere}\
article{border-left:3px solid #8886;padding:.1rem 0 .1rem 1rem;margin:0 0 1.5rem}\
article.user{border-color:#3b82f6}article.assistant{border-color:#16a34a}article.error{border-color:#dc2626}\
h2{font-size:.8rem;margin:0 0 .35rem;opacity:.7}time{font-weight:normal;margin-left:.5rem}\
.text{white-space:pre-wrap;overflow-wrap:anywhere}.thought .text{opacity:.7;font-style:italic}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem .8rem;margin:.4rem 0;font-size:.85rem}";

pub(super) fn write(document: &Document<'_>) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = whole(&mut page, document);
    page
}

fn whole(page: &mut String, document: &Document<'_>) -> fmt::Result {
    let title = Escaped(document.title.unwrap_or("Chat Session Export"));
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n"
    )?;
    let session = document.subject.session_id.as_str();
    row(page, "Session", session)?;
    row(page, "Started", &document.started_at.to_iso())?;
    row(page, "Exported", &document.subject.exported_at.to_iso())?;
    row(page, "Working directory", &document.subject.cwd)?;
    if let Some(model) = document.model {
        row(page, "Model", model)?;
    }
    row(page, "Prompts", &document.prompt_count.to_string())?;
    let (files, added, removed) = (document.files.len(), document.lines_added(), document.lines_removed());
    row(page, "Files written", &format!("{files} (+{added} −{removed} lines)"))?;
    if document.is_truncated {
        row(page, "Truncated", "older entries are missing")?;
    }
    page.push_str("</dl>\n<main>\n");
    document.messages.iter().try_for_each(|message| article(page, message))?;
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

fn row(page: &mut String, name: &str, value: &str) -> fmt::Result {
    writeln!(page, "<dt>{name}</dt><dd>{}</dd>", Escaped(value))
}

fn article(page: &mut String, message: &Message<'_>) -> fmt::Result {
    let (class, heading) = match &message.said {
        Said::User(_) => ("user", "User"),
        Said::Assistant(_) => ("assistant", "Assistant"),
        Said::Thought(_) => ("thought", "Thought"),
        Said::Plan(_) => ("plan", "Plan"),
        Said::Tool(tool) => ("tool", tool.headline()),
        Said::Shell(_) => ("shell", "Shell"),
        Said::Error(_) => ("error", "Error"),
    };
    let (heading, at) = (Escaped(heading), message.at.to_iso());
    write!(page, "<article class=\"{class}\">\n<h2>{heading}<time datetime=\"{at}\">{at}</time></h2>\n")?;
    match &message.said {
        Said::User(text) | Said::Plan(text) => paragraph(page, text)?,
        Said::Assistant(text) | Said::Thought(text) | Said::Error(text) => paragraph(page, text)?,
        Said::Shell(run) => preformatted(page, &format!("$ {}\n{}", run.command, run.output))?,
        Said::Tool(tool) => {
            paragraph(page, tool.status.as_str())?;
            if let Some(input) = tool.input() {
                preformatted(page, &serde_json::to_string_pretty(input).unwrap_or_default())?;
            }
            preformatted(page, &shown(tool))?;
        }
    }
    page.push_str("</article>\n");
    Ok(())
}

fn paragraph(page: &mut String, text: &str) -> fmt::Result {
    writeln!(page, "<div class=\"text\">{}</div>", Escaped(text))
}

fn preformatted(page: &mut String, text: &str) -> fmt::Result {
    if text.is_empty() { Ok(()) } else { writeln!(page, "<pre>{}</pre>", Escaped(text)) }
}

/// Text that means nothing to a browser, in an element or in a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        let escaped = Escaped(r#"<img src=x onerror="a('b')">&amp;"#).to_string();
        assert_eq!(escaped, "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;amp;");
    }
}
