//! A session's events, as lines of JSON.

use roost_core::{
    Envelope,
    transcript::{ReplayLimits, Transcript},
};
use serde_json::Value;

/// Laws: an event applied again changes nothing; what is folded shows what all events show, whatever the events are.
pub fn transcript(input: &[u8]) {
    let lines = input.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let envelopes = lines.filter(is_exact).filter_map(|line| serde_json::from_value::<Envelope>(line).ok());
    let numbered = (1..).zip(envelopes).map(|(id, event)| Envelope { id: Some(id), ..event });
    let mut transcript = Transcript::default();
    for event in numbered {
        let _ = transcript.apply(&event);
        assert!(transcript.apply(&event).is_empty(), "{event:?}");
    }
    let mut folded = Transcript::default();
    for event in transcript.to_replay(ReplayLimits { max_bytes: usize::MAX }).events {
        let written = serde_json::to_vec(&event).expect("an envelope is JSON");
        let _ = folded.apply_raw(&written).expect("an envelope of our own");
    }
    assert!(folded.entries().eq(transcript.entries()), "{:#?}\n{:#?}", entries(&folded), entries(&transcript));
}

/// A fraction may be read as its neighbour once it was written; that is the JSON reader's affair.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(values) => values.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn entries(transcript: &Transcript) -> Vec<String> {
    transcript.entries().map(|entry| format!("{entry:?}")).collect()
}
