//! What a session is called, changed while nobody has it open.

use std::{fs::File, io, path::Path};

use roost_core::{
    SessionId,
    session::{DisplayName, LedgerEntry, TitleSource},
};

use super::{HoldError, Journal, Meta, Project, Shelf, note, record::owed_prompts};

impl Project {
    /// Names a session; false when there is no record of the daemon's on this shelf.
    ///
    /// # Errors
    /// The record cannot be read, the disk refuses, or another daemon has the session open.
    pub fn rename(&self, shelf: Shelf, id: &SessionId, name: DisplayName) -> Result<bool, HoldError> {
        let dir = self.dir_of(shelf, id);
        if !dir.is_dir() {
            return Ok(false);
        }
        let _hold = self.hold(id)?;
        let mut meta = Meta::read(&dir)?;
        note_name(&dir, name.clone())?;
        meta.display_name = Some(name);
        meta.title_source = Some(TitleSource::Manual);
        meta.write(&dir)?;
        Ok(true)
    }
}

/// Whoever opens the session again finds its name in the journal; a list looks into `meta.json`.
fn note_name(dir: &Path, display_name: DisplayName) -> io::Result<()> {
    let ledger = LedgerEntry::MetadataChanged { display_name, title_source: TitleSource::Manual };
    let mut line = Vec::new();
    note::write_entry(&mut line, Some(&ledger), owed_prompts(dir)?);
    let (mut journal, _) = Journal::open(dir)?;
    journal.append(&line)?;
    File::open(journal.path())?.sync_data()
}
