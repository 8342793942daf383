//! The stream: in order, each once, nothing left out without saying so; and an id means one event for ever.

use std::collections::BTreeMap;

use roost_core::{
    Envelope, EventEpoch, EventType,
    client::{Cursor, Resync},
    payload::{ResyncRequired, decode},
};

use crate::history::{Connection, Record, Stretch};

pub(super) fn check(record: &Record, found: &mut Vec<String>) {
    for reader in &record.readers {
        for connection in &reader.connections {
            found.extend(on_the_wire(connection, record.ring_is_whole));
        }
        for stretch in &reader.stretches {
            found.extend(as_delivered(stretch, record.ring_is_whole));
        }
    }
    found.extend(one_event_an_id(record));
}

/// One connection, by its bytes: marked where it cannot serve its cursor, and otherwise exactly what comes after it.
fn on_the_wire(connection: &Connection, ring_is_whole: bool) -> Vec<String> {
    let Connection { asked, epoch, events } = connection;
    let mut found = Vec::new();
    let mut mark: Option<ResyncRequired> = None;
    let mut last = asked.last_event_id;
    let mut replayed = 0_u64;
    for event in events {
        match event.id {
            Some(id) => {
                replayed += 1;
                let starts_anew =
                    mark.as_ref().is_some_and(|mark| last == asked.last_event_id && id == mark.earliest_available_id);
                if id != last + 1 && !starts_anew {
                    found.push(format!(
                        "after {last} came {id}; asked for what follows {asked:?} ({})",
                        where_from(events)
                    ));
                }
                last = id;
            }
            None if event.kind == EventType::StateResyncRequired => {
                match decode("state_resync_required", &event.data) {
                    Ok(why) => {
                        found.extend(is_honest(&why, asked, epoch.as_ref(), ring_is_whole));
                        mark = Some(why);
                    }
                    Err(error) => found.push(format!("an unreadable mark: {error}")),
                }
            }
            None if event.kind == EventType::ReplayComplete => {
                let claimed = &event.data["replayedCount"];
                if *claimed != replayed {
                    found.push(format!("{replayed} events were replayed, {claimed} are claimed"));
                }
            }
            None => {}
        }
    }
    found
}

/// A mark is for a cursor that cannot be served, and for no other.
fn is_honest(mark: &ResyncRequired, asked: &Cursor, epoch: Option<&EventEpoch>, ring_is_whole: bool) -> Option<String> {
    let same_epoch = asked.epoch.is_none() || asked.epoch.as_ref() == epoch;
    let is_needed = !same_epoch || mark.earliest_available_id > asked.last_event_id + 1;
    (ring_is_whole || !is_needed).then(|| format!("{asked:?} could have been served, and got {mark:?}"))
}

/// What core's machine handed on: the same law over all connections of a stretch.
fn as_delivered(stretch: &Stretch, ring_is_whole: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut last = stretch.start.cursor().last_event_id;
    for id in stretch.events.iter().filter_map(|event| event.id) {
        if id != last + 1 {
            found.push(format!("a reader was handed {id} after {last}"));
        }
        last = id;
    }
    match &stretch.resync {
        None => {}
        Some(Resync::Marked(_)) if !ring_is_whole => {}
        Some(why @ (Resync::Marked(_) | Resync::Gap { .. } | Resync::Unreadable(_))) => {
            found.push(format!("a reader was told to start over: {why:?}"));
        }
    }
    found
}

/// Whoever sees an id, and whenever, sees the same event: also across the daemon's death.
fn one_event_an_id(record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    for ((epoch, id), event) in union(record, &mut found) {
        if epoch.as_ref() != Some(&record.last.resumed.event_epoch) && record.ring_is_whole {
            found.push(format!("event {id} ({:?}) belongs to an epoch that is gone: {epoch:?}", event.kind));
        }
    }
    found
}

/// Every event that anybody saw, by epoch and id.
fn union<'a>(record: &'a Record, found: &mut Vec<String>) -> BTreeMap<(Option<EventEpoch>, u64), &'a Envelope> {
    let mut seen: BTreeMap<_, &Envelope> = BTreeMap::new();
    for connection in record.readers.iter().flat_map(|reader| &reader.connections) {
        for event in &connection.events {
            let Some(id) = event.id else { continue };
            let first = seen.entry((connection.epoch.clone(), id)).or_insert(event);
            if *first != event {
                found.push(format!("event {id} was {first:?} and is {event:?}"));
            }
        }
    }
    seen
}

/// All that happened, in order, as far as anybody saw it. One epoch is the rule; where there are several they follow each other.
pub(super) fn events(record: &Record) -> Vec<&Envelope> {
    union(record, &mut Vec::new()).into_values().collect()
}

fn where_from(events: &[Envelope]) -> String {
    let words = events.iter().map(|event| event.id.map_or_else(|| event.kind.as_str().to_owned(), |id| id.to_string()));
    words.take(12).collect::<Vec<_>>().join(" ")
}
