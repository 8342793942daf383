//! HTML, which is shown as the text it is: where it begins and ends decides what is not read as Markdown.

/// What ends a block of HTML.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// A line with one of these, in any case.
    Mark(&'static [&'static str]),
    BlankLine,
}

/// Elements whose text is no markup; a block of it ends with the end of one of them.
const RAW: [&str; 4] = ["script", "pre", "style", "textarea"];
const RAW_ENDS: [&str; 4] = ["</script>", "</pre>", "</style>", "</textarea>"];
/// Elements that begin a block wherever they stand.
const BLOCKS: &str = " address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt \
    fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main menu menuitem \
    nav noframes ol optgroup option p param search section summary table tbody td tfoot th thead title tr track ul ";

impl End {
    pub(super) fn is_in(self, line: &str) -> bool {
        match self {
            Self::Mark(marks) => {
                let line = line.to_ascii_lowercase();
                marks.iter().any(|mark| line.contains(mark))
            }
            Self::BlankLine => false,
        }
    }
}

/// The block of HTML that a line begins, by its end.
pub(super) fn block(text: &str, in_paragraph: bool) -> Option<End> {
    let tag = text.strip_prefix('<')?;
    if let Some(open) = OPEN_ENDED.iter().find(|(open, _)| tag.starts_with(open)) {
        return Some(End::Mark(&open.1[..1]));
    }
    if tag.strip_prefix('!').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return Some(End::Mark(&[">"]));
    }
    let closing = tag.starts_with('/');
    let named = tag.strip_prefix('/').unwrap_or(tag);
    let end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
    let (name, after) = (named[..end].to_ascii_lowercase(), &named[end..]);
    let ends_name = after.is_empty() || after.starts_with([' ', '\t', '>']);
    if !closing && ends_name && RAW.contains(&name.as_str()) {
        return Some(End::Mark(&RAW_ENDS));
    }
    if (ends_name || after.starts_with("/>")) && !name.is_empty() && BLOCKS.contains(&format!(" {name} ")) {
        return Some(End::BlankLine);
    }
    let alone = self::tag(text).is_some_and(|len| text[len..].trim_matches([' ', '\t']).is_empty());
    (alone && !in_paragraph && !RAW.contains(&name.as_str())).then_some(End::BlankLine)
}

/// What begins without being an element, after its `<`, and how it ends.
const OPEN_ENDED: [(&str, [&str; 1]); 3] = [("!--", ["-->"]), ("?", ["?>"]), ("![CDATA[", ["]]>"])];

/// The length of the HTML at the front of a text. `missing` keeps the ends that were looked for in vain: they are not behind it either.
pub(super) fn inline(text: &str, missing: &mut Vec<&'static str>) -> Option<usize> {
    if let Some(short) = ["<!-->", "<!--->"].into_iter().find(|short| text.starts_with(short)) {
        return Some(short.len());
    }
    let rest = text.strip_prefix('<')?;
    let declares = rest.strip_prefix('!').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    let open = OPEN_ENDED.iter().find(|(open, _)| rest.starts_with(open)).map(|(open, [end])| (*open, *end));
    let Some((open, end)) = open.or(declares.then_some(("!", ">"))) else { return tag(text) };
    if missing.contains(&end) {
        return None;
    }
    let from = 1 + open.len();
    let found = text[from..].find(end).map(|at| from + at + end.len());
    if found.is_none() {
        missing.push(end);
    }
    found
}

/// The length of an opening or a closing tag.
fn tag(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('<')?;
    let closing = rest.strip_prefix('/');
    let mut rest = name(closing.unwrap_or(rest))?;
    if closing.is_none() {
        while let Some(after) = attribute(rest) {
            rest = after;
        }
    }
    rest = rest.trim_start_matches(BLANK);
    if closing.is_none() {
        rest = rest.strip_prefix('/').unwrap_or(rest);
    }
    Some(text.len() - rest.strip_prefix('>')?.len())
}

const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

fn name(text: &str) -> Option<&str> {
    text.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(())?;
    Some(text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-'))
}

/// What follows an attribute and the blanks before it.
fn attribute(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(BLANK);
    let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    (rest.len() < text.len() && named).then_some(())?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c));
    let Some(value) = rest.trim_start_matches(BLANK).strip_prefix('=') else { return Some(rest) };
    let value = value.trim_start_matches(BLANK);
    if let Some(quote @ ('"' | '\'')) = value.chars().next() {
        return value[1..].split_once(quote).map(|(_, after)| after);
    }
    let after = value.trim_start_matches(|c: char| !BLANK.contains(&c) && !"\"'=<>`".contains(c));
    (after.len() < value.len()).then_some(after)
}
