//! How the daemon is asked, and what is asked no more. From the moment the end of a workspace or a session is asked for until that is
//! refused, nothing else is asked of it, and calls about it that are under way are cut off: what a daemon answers meanwhile says nothing.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

use roost_core::{
    SessionId,
    client::{Call, Request, segment},
};
use web_sys::{AbortController, AbortSignal, Blob};

use super::{Access, Store};
use crate::net::fetch::{self, Asking, CallError, Exchange};

/// Whose end was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A workspace by its id, with all its sessions.
    Workspace(String),
    Session(SessionId),
}

/// What a call is about: ids as they stand in a path, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Subject {
    workspace: String,
    session: String,
}

impl Subject {
    /// Reads it off a path. A call about a thing as a whole, such as its end, is about the list it stands in.
    fn of(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let mut parts = path.trim_start_matches('/').splitn(3, '/');
        let (kind, id, rest) = (parts.next(), parts.next(), parts.next());
        let id = id.filter(|_| rest.is_some()).unwrap_or_default().to_owned();
        match kind {
            Some("workspace" | "workspaces") => Self { workspace: id, ..Self::default() },
            Some("session") => Self { session: id, ..Self::default() },
            Some(_) | None => Self::default(),
        }
    }

    fn leaves_with(&self, leaving: &Leaving) -> bool {
        match leaving {
            Leaving::Workspace(id) => self.workspace == segment(id),
            Leaving::Session(id) => self.session == segment(id.as_str()),
        }
    }
}

thread_local! {
    /// Cuts off the calls about each subject that anything was asked of.
    static CUTTERS: RefCell<Vec<(Subject, AbortController)>> = const { RefCell::new(Vec::new()) };
    /// Who wants to ask something once the page has been let in.
    static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    /// How often everything was called off.
    static HUSHED: Cell<usize> = const { Cell::new(0) };
}

impl Store {
    /// Asks the daemon, as whoever this page was let in as. What is asked before that waits for it.
    pub(super) fn ask<T>(self, call: Call<T>) -> Asking<T> {
        let exchange = self.exchange(call.request().clone());
        fetch::asking(call, exchange)
    }

    fn exchange(self, request: Request) -> Exchange {
        Box::pin(async move {
            let cut = self.leave_to_ask(&request.path).await?;
            fetch::exchange(&request, &self.key(), cut.as_ref()).await
        })
    }

    /// Asks for something whose answer is a file.
    pub(super) async fn fetch_file(self, request: Request) -> Result<Blob, CallError> {
        let cut = self.leave_to_ask(&request.path).await?;
        fetch::download(&request, &self.key(), cut.as_ref()).await
    }

    /// Waits until this page has been let in. Answers what cuts the call off.
    pub(super) async fn leave_to_ask(self, path: &str) -> Result<Option<AbortSignal>, CallError> {
        let since = HUSHED.get();
        poll_fn(|context| {
            if HUSHED.get() != since {
                return Poll::Ready(Err(CallError::CalledOff));
            }
            if self.access.with_untracked(|access| *access == Access::In) {
                return Poll::Ready(Ok(()));
            }
            WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
            Poll::Pending
        })
        .await?;
        let mut subject = Subject::of(path);
        if !subject.session.is_empty() {
            subject.workspace = segment(&self.workspace_of(&SessionId::from(subject.session.as_str())));
        }
        if self.list.leaving.with_untracked(|all| all.iter().any(|leaving| subject.leaves_with(leaving))) {
            return Err(CallError::CalledOff);
        }
        Ok(CUTTERS.with_borrow_mut(|all| {
            if let Some((_, cutter)) = all.iter().find(|(known, _)| *known == subject) {
                return Some(cutter.signal());
            }
            let cutter = AbortController::new().ok()?;
            let signal = cutter.signal();
            all.push((subject, cutter));
            Some(signal)
        }))
    }

    /// The page has been let in: what waited for it is asked now.
    pub(super) fn ask_what_waited(self) {
        for waker in WAITING.take() {
            waker.wake();
        }
    }

    /// Nothing is asked of it from here on, until [`Self::let_be`].
    pub(super) fn let_go(self, leaving: &Leaving) {
        self.list.leaving.update(|all| all.push(leaving.clone()));
        let cut = |(subject, _): &mut (Subject, AbortController)| subject.leaves_with(leaving);
        let cutters: Vec<_> = CUTTERS.with_borrow_mut(|all| all.extract_if(.., cut).collect());
        for (_, cutter) in cutters {
            cutter.abort();
        }
    }

    /// It has gone, or it stays after all.
    pub(super) fn let_be(self, leaving: &Leaving) {
        self.list.leaving.update(|all| all.retain(|other| other != leaving));
    }

    /// Calls everything off that is under way or waits.
    pub(super) fn hush(self) {
        HUSHED.set(HUSHED.get() + 1);
        self.ask_what_waited();
        for (_, cutter) in CUTTERS.take() {
            cutter.abort();
        }
    }

    /// Whether a workspace is being taken out.
    pub(crate) fn is_leaving(self, workspace: &str) -> bool {
        self.list.leaving.with(|all| {
            all.iter().any(|leaving| match leaving {
                Leaving::Workspace(id) => id == workspace,
                Leaving::Session(_) => false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_call_is_about_what_its_path_names() {
        let about = |path: &str| {
            let subject = Subject::of(path);
            (subject.workspace, subject.session)
        };
        let (workspace, session) =
            (|id: &str| (id.to_owned(), String::new()), |id: &str| (String::new(), id.to_owned()));
        assert_eq!(about("/workspace/w1/sessions?size=100&view=organized"), workspace("w1"));
        assert_eq!(about("/workspaces/w1/session/s1/export?format=md"), workspace("w1"));
        assert_eq!(about("/session/s1/context"), session("s1"));
        for whole in ["/workspaces/w1", "/session/s1", "/session", "/capabilities", "/workspace/settings"] {
            assert_eq!(about(whole), Default::default(), "{whole}");
        }
    }

    #[test]
    fn ids_are_compared_as_they_stand_in_a_path() {
        let subject = Subject::of("/workspace/%2Fhome%2Fhens/sessions");
        assert!(subject.leaves_with(&Leaving::Workspace("/home/hens".to_owned())));
        assert!(!subject.leaves_with(&Leaving::Workspace("/home".to_owned())));
        assert!(!Subject::default().leaves_with(&Leaving::Session("s1".into())));
    }
}
