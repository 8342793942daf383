//! Asks the person at the terminal what an agent wants to know.

use std::{
    fmt::Write,
    io::{self, BufRead},
    thread,
};

use roost_core::{
    RequestId,
    client::Vote,
    payload::{PermissionOption, PermissionRequest, Question},
};
use tokio::sync::mpsc;

use super::output::headline;

const LINE_CHARS: usize = 120;

/// One request, as far as it has been answered.
#[derive(Debug)]
pub(super) struct Asking {
    request: PermissionRequest,
    questions: Vec<Question>,
    answers: Vec<String>,
}

/// What a typed line leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Vote(Vote),
    /// Show [`Asking::text`]: there is more to answer, or the line was no answer.
    Ask,
}

impl Asking {
    pub(super) fn new(request: PermissionRequest) -> Self {
        Self { questions: request.questions(), request, answers: Vec::new() }
    }

    pub(super) fn request_id(&self) -> &RequestId {
        &self.request.request_id
    }

    /// What to show before a line is read.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let lines: Vec<String> = match self.questions.get(self.answers.len()) {
            Some(question) => {
                text.push_str(&headline(&question.question, LINE_CHARS));
                question.options.iter().map(|option| option.label.clone()).collect()
            }
            None => {
                let title = self.request.tool_call.title.as_deref().unwrap_or("The agent asks for permission");
                text.push_str(&headline(title, LINE_CHARS));
                self.request.options.iter().map(|option| option.name.clone()).collect()
            }
        };
        for (index, line) in lines.iter().enumerate() {
            write!(text, "\n  {}  {}", index + 1, headline(line, LINE_CHARS)).expect("a String takes every write");
        }
        let how = match self.questions.get(self.answers.len()) {
            Some(question) if question.multi_select => "Numbers with commas, or your own words: ",
            Some(_) => "A number, or your own words: ",
            None => "A number: ",
        };
        write!(text, "\n{how}").expect("a String takes every write");
        text
    }

    /// Takes a typed line.
    pub(super) fn answer(&mut self, line: &str) -> Step {
        let line = line.trim();
        let Some(question) = self.questions.get(self.answers.len()) else {
            let chosen = number(line).and_then(|index| self.request.options.get(index));
            return chosen.map_or(Step::Ask, |option| Step::Vote(Vote::select(option.option_id.clone())));
        };
        if line.is_empty() {
            return Step::Ask;
        }
        self.answers.push(answer_to(question, line));
        if self.answers.len() < self.questions.len() {
            return Step::Ask;
        }
        match allowing(&self.request) {
            Some(option) => Step::Vote(Vote::select(option.option_id.clone()).with_answers(self.answers.clone())),
            None => Step::Vote(Vote::cancel()),
        }
    }
}

/// The labels the line names by number, or the line as it is.
fn answer_to(question: &Question, line: &str) -> String {
    let label = |word: &str| Some(question.options.get(number(word.trim())?)?.label.as_str());
    let named: Option<Vec<&str>> =
        if question.multi_select { line.split(',').map(label).collect() } else { label(line).map(|label| vec![label]) };
    named.map_or_else(|| line.to_owned(), |labels| labels.join(", "))
}

/// A number as people count, as an index.
fn number(word: &str) -> Option<usize> {
    word.parse::<usize>().ok()?.checked_sub(1)
}

/// The option that lets the call run this once; never one that lets it run again.
pub(super) fn allowing(request: &PermissionRequest) -> Option<&PermissionOption> {
    request.options.iter().find(|option| &*option.kind == "allow_once")
}

/// The vote that lets the call run this once; a question has no answer that could be given unasked.
pub(super) fn allow_once(request: &PermissionRequest) -> Option<Vote> {
    let is_question = !request.questions().is_empty();
    allowing(request).filter(|_| !is_question).map(|option| Vote::select(option.option_id.clone()))
}

/// The vote that does not let the call run.
pub(super) fn refuse(request: &PermissionRequest) -> Vote {
    let refusing = request.options.iter().find(|option| &*option.kind == "reject_once");
    refusing.map_or_else(Vote::cancel, |option| Vote::select(option.option_id.clone()))
}

/// The lines typed on stdin. Read by a thread of their own, which ends with the program: a read cannot be taken back.
pub(super) fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(meta: &Value) -> PermissionRequest {
        let data = json!({
            "requestId": "r", "sessionId": "s",
            "toolCall": {"toolCallId": "c", "title": "WriteFile: note.txt", "_meta": meta},
            "options": [
                {"optionId": "always", "name": "Always", "kind": "allow_always"},
                {"optionId": "once", "name": "Once", "kind": "allow_once"},
                {"optionId": "no", "name": "No", "kind": "reject_once"},
            ],
        });
        PermissionRequest::parse(&data).expect("a request")
    }

    fn question() -> PermissionRequest {
        request(&json!({"qwenInteractionKind": "user_question", "qwenQuestions": [
            {"header": "h", "question": "How?", "multiSelect": false, "options": [{"label": "Polling"}, {"label": "Push"}]},
            {"header": "h", "question": "Where?", "multiSelect": true, "options": [{"label": "Here"}, {"label": "There"}]},
        ]}))
    }

    #[test]
    fn a_number_chooses_an_option_and_anything_else_is_asked_again() {
        let mut asking = Asking::new(request(&json!({})));
        assert!(asking.text().contains("WriteFile: note.txt") && asking.text().contains("2  Once"));
        for wrong in ["", "0", "4", "yes"] {
            assert_eq!(asking.answer(wrong), Step::Ask, "{wrong:?}");
        }
        assert_eq!(asking.answer(" 3 "), Step::Vote(Vote::select("no")));
    }

    #[test]
    fn questions_are_answered_one_after_the_other_by_number_or_in_words() {
        let mut asking = Asking::new(question());
        assert_eq!(asking.answer("2"), Step::Ask);
        assert!(asking.text().starts_with("Where?"));
        let answers = ["Push".to_owned(), "Here, There".to_owned()];
        assert_eq!(asking.answer("1,2"), Step::Vote(Vote::select("once").with_answers(answers)));

        let mut own_words = Asking::new(question());
        own_words.answer("by pigeon");
        let answers = ["by pigeon".to_owned(), "1,7".to_owned()];
        assert_eq!(own_words.answer("1,7"), Step::Vote(Vote::select("once").with_answers(answers)));
    }

    #[test]
    fn unasked_a_call_is_allowed_once_and_never_for_good_and_a_question_is_not_answered() {
        assert_eq!(allow_once(&request(&json!({}))), Some(Vote::select("once")));
        assert_eq!(allow_once(&question()), None);
        let mut only_always = request(&json!({}));
        only_always.options.retain(|option| &*option.option_id == "always");
        assert_eq!(allow_once(&only_always), None);
        assert_eq!(refuse(&only_always), Vote::cancel());
    }
}
