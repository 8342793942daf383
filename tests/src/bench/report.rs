//! The figures side by side: a table for people, JSON for machines.

use std::{collections::BTreeMap, fmt, thread};

use serde_json::{Value, json};

use crate::processes;

/// What one contestant reached.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: &'static str,
    values: BTreeMap<&'static str, f64>,
    /// Figures taken in rounds, of which the median counts.
    rounds: BTreeMap<&'static str, Vec<f64>>,
    /// How many processes wanted a core in the minute before; `None` where the system does not say.
    load_before: Option<f64>,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

impl Column {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            values: BTreeMap::new(),
            rounds: BTreeMap::new(),
            load_before: processes::load(),
            failures: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, key: &'static str, value: f64) {
        debug_assert!(ROWS.iter().any(|row| row.key == key), "{key} has no row");
        self.values.insert(key, value);
    }

    /// One more round of a figure.
    pub(super) fn add(&mut self, key: &'static str, value: f64) {
        let rounds = self.rounds.entry(key).or_default();
        rounds.push(value);
        rounds.sort_by(f64::total_cmp);
        let median = rounds[rounds.len() / 2];
        self.set(key, median);
    }
}

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
enum Bar {
    AtMost(f64),
    /// At most so long where the floor takes so long. Another machine may take as many times its own floor.
    Times {
        most: f64,
        floor: f64,
    },
    AtLeast(f64),
    /// At least this share of the floor's figure.
    OfFloor(f64),
    /// None: the figure is there to read others by.
    Informs,
}

/// How a figure stands to its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Met,
    /// Only in proportion: this machine is slower than the one the bar was set on.
    MetByThisMachine,
    Missed,
}

struct Row {
    key: &'static str,
    title: &'static str,
    unit: &'static str,
    bar: Bar,
}

const fn row(key: &'static str, title: &'static str, unit: &'static str, bar: Bar) -> Row {
    Row { key, title, unit, bar }
}

const ROWS: &[Row] = &[
    row("boot_health", "process start to /health", "ms", Bar::AtMost(50.0)),
    row("boot_session", "process start to the first session", "ms", Bar::AtMost(150.0)),
    row("memory_boot", "memory after boot, process tree (PSS)", "MB", Bar::AtMost(30.0)),
    row("memory_session", "memory per further idle session", "kB", Bar::AtMost(150.0)),
    row("memory_load", "memory with loaded sessions", "MB", Bar::AtMost(80.0)),
    row("idle_stream_memory", "memory per idle stream, all held at once", "kB", Bar::AtMost(24.0)),
    row("idle_streams_opened", "all idle streams opened", "s", Bar::AtMost(5.0)),
    row("session_create", "next session created, p50", "ms", Bar::Times { most: 2.0, floor: 0.05 }),
    row("disk_sync", "a line synced by this disk, p50", "ms", Bar::Informs),
    row("prompt_accepted", "prompt accepted, p50", "ms", Bar::Times { most: 0.5, floor: 0.075 }),
    row("first_word_p50", "prompt to first word, p50", "ms", Bar::Times { most: 1.5, floor: 0.09 }),
    row("first_word_p99", "prompt to first word, p99", "ms", Bar::Times { most: 5.0, floor: 0.25 }),
    row("one_word_turn", "one-word turn, p50", "ms", Bar::Times { most: 3.0, floor: 0.09 }),
    row("stream_words", "1 subscriber, words", "/s", Bar::AtLeast(100_000.0)),
    row("stream_joined", "1 subscriber, words in a frame", "", Bar::Informs),
    row("stream_cpu", "CPU per word, daemon and agent", "us", Bar::AtMost(10.0)),
    row("fan_out_words", "32 subscribers, words delivered", "/s", Bar::OfFloor(0.5)),
    row("fan_out_joined", "32 subscribers, words in a frame", "", Bar::Informs),
    row("fan_out_cpu", "CPU per delivery", "us", Bar::AtMost(0.5)),
    row("replay_frames", "replay of 7,000 frames", "/s", Bar::OfFloor(0.6)),
    row("read_health", "GET /health, 16 connections", "/s", Bar::OfFloor(0.9)),
    row("read_capabilities", "GET /capabilities", "/s", Bar::OfFloor(0.7)),
    row("read_status", "GET /session/:id/status", "/s", Bar::OfFloor(0.7)),
    row("read_context", "GET /session/:id/context", "/s", Bar::OfFloor(0.7)),
    row("binary", "binary with the page inside", "MB", Bar::AtMost(30.0)),
];

impl Bar {
    fn judge(self, value: f64, floor: Option<f64>) -> Option<Standing> {
        let by_clock = |is_met| if is_met { Standing::Met } else { Standing::Missed };
        Some(match self {
            Self::AtMost(most) => by_clock(value <= most),
            Self::Times { most, .. } if value <= most => Standing::Met,
            Self::Times { most, floor: reference } if value * reference <= floor? * most => Standing::MetByThisMachine,
            Self::Times { .. } => Standing::Missed,
            Self::AtLeast(least) => by_clock(value >= least),
            Self::OfFloor(share) => by_clock(value >= floor? * share),
            Self::Informs => return None,
        })
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) | Self::Times { most, .. } => write!(f, "≤ {}", figure(*most)),
            Self::AtLeast(least) => write!(f, "≥ {}", figure(*least)),
            Self::OfFloor(share) => write!(f, "≥ {share} floor"),
            Self::Informs => Ok(()),
        }
    }
}

/// The whole outcome.
#[derive(Clone, Debug)]
pub struct Report {
    columns: Vec<Column>,
    quick: bool,
    /// Not everything was to be measured.
    is_partial: bool,
}

impl Report {
    pub(super) fn new(columns: Vec<Column>, quick: bool, is_partial: bool) -> Self {
        Self { columns, quick, is_partial }
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn value(&self, name: &str, key: &str) -> Option<f64> {
        self.column(name)?.values.get(key).copied()
    }

    /// How Roost's figure stands to its bar; `None` when it was not measured.
    fn judge(&self, row: &Row) -> Option<Standing> {
        row.bar.judge(self.value("roost", row.key)?, self.value("floor", row.key))
    }

    /// Whether Roost did everything it was asked to, however fast.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.column("roost").is_some_and(|roost| roost.failures.is_empty())
    }

    /// The same as the table, for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let measures = ROWS.iter().map(|row| {
            let mut measure = json!({"key": row.key, "title": row.title, "unit": row.unit, "bar": row.bar.to_string()});
            for column in &self.columns {
                measure[column.name] = self.value(column.name, row.key).into();
            }
            let standing = self.judge(row);
            measure["met"] = standing.map(|standing| standing == Standing::Met).into();
            measure["met_by_this_machine"] = standing.map(|standing| standing != Standing::Missed).into();
            measure
        });
        let measures: Vec<Value> = measures.collect();
        let failures = self.columns.iter().map(|column| (column.name.to_owned(), json!(column.failures)));
        json!({
            "cores": thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "quick": self.quick,
            "load_before": self.columns.first().and_then(|column| column.load_before),
            "measures": measures,
            "failures": Value::Object(failures.collect()),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.columns.iter().filter(|column| column.name != "floor" && column.name != "roost");
        let others: Vec<&str> = others.map(|column| column.name).collect();
        write!(f, "\n{:<38} {:>4} {:>11} {:>11} {:>8}  {:<13}", "", "", "floor", "roost", "ratio", "bar")?;
        others.iter().try_for_each(|name| write!(f, " {name:>11}"))?;
        writeln!(f)?;
        let is_measured = |row: &&Row| self.columns.iter().any(|column| column.values.contains_key(row.key));
        for row in ROWS.iter().filter(|row| !self.is_partial || is_measured(row)) {
            let cell = |name| self.value(name, row.key).map_or("-".to_owned(), figure);
            let ratio =
                self.value("floor", row.key).zip(self.value("roost", row.key)).filter(|(floor, _)| *floor > 0.0);
            let ratio = ratio.map_or("-".to_owned(), |(floor, roost)| format!("{:.2}", roost / floor));
            let mark = match self.judge(row) {
                Some(Standing::Met) => " ",
                Some(Standing::MetByThisMachine) => "~",
                Some(Standing::Missed) => "!",
                None if matches!(row.bar, Bar::Informs) => " ",
                None => "?",
            };
            let (floor, roost, bar) = (cell("floor"), cell("roost"), row.bar.to_string());
            write!(f, "{:<38} {:>4} {floor:>11} {roost:>11} {ratio:>8} {mark}{bar:<13}", row.title, row.unit)?;
            others.iter().try_for_each(|name| write!(f, " {:>11}", cell(name)))?;
            writeln!(f)?;
        }
        for column in &self.columns {
            for failure in &column.failures {
                writeln!(f, "{} failed at {failure}", column.name)?;
            }
        }
        writeln!(f, "\n! misses its bar, ? not measured. One client, one run; the client shares the machine's cores.")?;
        writeln!(
            f,
            "~ misses it by the clock only: the floor is slower here than where the bar was set, by as much or more."
        )?;
        writeln!(
            f,
            "The floor writes one word a frame; a server that joins words can deliver more of them than the floor."
        )?;
        if self.quick {
            writeln!(f, "--quick: too little work for the CPU rows, which are read in ticks of 10 ms.")?;
        }
        match self.columns.first().and_then(|column| column.load_before) {
            Some(load) if load > 0.5 => writeln!(
                f,
                "The machine was busy (load {load:.1} before the run): these figures are not the machine's best, and the ratios are uncertain."
            ),
            Some(_) | None => Ok(()),
        }
    }
}

/// Three digits that mean something: "0.074", "18.7", "958,000".
fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1_000.0 {
        return grouped(value.round() as i64);
    }
    let decimals = if magnitude >= 100.0 {
        0
    } else if magnitude >= 10.0 {
        1
    } else if magnitude >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_with_the_digits_that_mean_something() {
        let written = [0.0742, 2.0, 18.74, 958_123.4, 1_000_000.0, 0.5].map(figure);
        assert_eq!(written, ["0.074", "2", "18.7", "958,123", "1,000,000", "0.5"]);
    }

    #[test]
    fn a_bar_that_depends_on_the_floor_needs_the_floor() {
        assert_eq!(Bar::OfFloor(0.5).judge(60.0, Some(100.0)), Some(Standing::Met));
        assert_eq!(Bar::OfFloor(0.5).judge(40.0, Some(100.0)), Some(Standing::Missed));
        assert_eq!(Bar::OfFloor(0.5).judge(40.0, None), None);
    }

    #[test]
    fn a_slower_machine_may_take_as_many_times_its_own_floor() {
        let bar = Bar::Times { most: 3.0, floor: 0.1 };
        assert_eq!(bar.judge(3.0, Some(0.1)), Some(Standing::Met));
        assert_eq!(bar.judge(3.0, Some(0.05)), Some(Standing::Met), "a fast floor makes the bar no harder");
        assert_eq!(bar.judge(5.9, Some(0.2)), Some(Standing::MetByThisMachine));
        assert_eq!(bar.judge(6.1, Some(0.2)), Some(Standing::Missed));
    }
}
