//! The text format: families of samples, each with its help and its type.

use std::fmt::{Display, Write};

/// A text that grows.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Text {
    /// Begins a family; the samples that follow are its.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.name = name;
        self.put(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.line("", labels, value);
    }

    /// One of the series that make a histogram: `bucket`, `sum`, `count`.
    pub(super) fn part(&mut self, part: &str, labels: &[(&str, &str)], value: impl Display) {
        self.line(&format!("_{part}"), labels, value);
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let name = self.name;
        self.put(format_args!("{name}{suffix}"));
        for (at, (label, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            self.put(format_args!("{before}{label}=\"{}\"", escaped(value)));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.put(format_args!("{after} {value}\n"));
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        // A String takes everything.
        let _ = self.text.write_fmt(arguments);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_written_as_scrapers_read_it() {
        let mut text = Text::default();
        text.family("things_total", Kind::Counter, "Things.");
        text.sample(&[], 3);
        text.sample(&[("kind", "a \"b\"\\\n"), ("of", "x")], 0.5);
        text.family("took_seconds", Kind::Histogram, "Time.");
        text.part("bucket", &[("le", "+Inf")], 2);
        let expected = "# HELP things_total Things.\n# TYPE things_total counter\nthings_total 3\n\
                        things_total{kind=\"a \\\"b\\\"\\\\\\n\",of=\"x\"} 0.5\n\
                        # HELP took_seconds Time.\n# TYPE took_seconds histogram\ntook_seconds_bucket{le=\"+Inf\"} 2\n";
        assert_eq!(text.into_string(), expected);
    }
}
