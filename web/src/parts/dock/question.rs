//! A question with choices, and a field for what none of them says.

use std::sync::{Arc, Mutex, PoisonError};

use crate::leptos::{ev, prelude::*};
use roost_core::payload::Question;

use crate::{
    browser,
    dom::{El, Ref, fieldset, input, label, legend, small, span},
    words::words,
};

/// What a person has answered so far, by question.
#[derive(Clone, Debug)]
pub(super) struct Answers(Arc<Mutex<Vec<Answer>>>);

/// The answer to one question.
#[derive(Clone, Debug, Default)]
struct Answer {
    /// More than one choice may be made.
    many: bool,
    chosen: Vec<String>,
    /// In the person's own words.
    other: String,
}

impl Answer {
    fn choose(&mut self, choice: &str, on: bool) {
        self.chosen.retain(|one| self.many && one != choice);
        if on {
            self.chosen.push(choice.to_owned());
        }
        if !self.many {
            self.other.clear();
        }
    }

    fn write(&mut self, other: &str) {
        other.trim().clone_into(&mut self.other);
        if !self.many && !self.other.is_empty() {
            self.chosen.clear();
        }
    }

    fn text(&self) -> String {
        let other = Some(self.other.as_str()).filter(|other| !other.is_empty());
        self.chosen.iter().map(String::as_str).chain(other).collect::<Vec<_>>().join(", ")
    }
}

impl Answers {
    pub(super) fn to(questions: &[Question]) -> Self {
        let none = |question: &Question| Answer { many: question.multi_select, ..Answer::default() };
        Self(Arc::new(Mutex::new(questions.iter().map(none).collect())))
    }

    /// One text for each question, as the agent reads them.
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Answer::text).collect()
    }

    fn change(&self, nth: usize, change: impl FnOnce(&mut Answer)) {
        if let Some(answer) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(nth) {
            change(answer);
        }
    }
}

/// The `nth` question. Of one choice and one's own words only what came last is shown, for only that is the answer.
pub(super) fn ask(nth: usize, question: Question, answers: &Answers) -> El {
    let (many, name) = (question.multi_select, format!("question-{nth}"));
    let (field, writing) = (Ref::new(), answers.clone());
    let choices: Vec<El> = question
        .options
        .into_iter()
        .map(|option| {
            let (choice, answers) = (option.label.clone(), answers.clone());
            label().child((
                input().attr("type", if many { "checkbox" } else { "radio" }).attr("name", name.clone()).on(
                    ev::change,
                    move |event| {
                        let on = event_target_checked(&event);
                        answers.change(nth, |answer| answer.choose(&choice, on));
                        if let Some(field) = field.get_untracked().filter(|_| !many) {
                            browser::empty(&field);
                        }
                    },
                ),
                span()
                    .child((option.label, (!option.description.is_empty()).then(|| small().child(option.description)))),
            ))
        })
        .collect();
    let own = input()
        .class("rename")
        .attr("aria-label", words().other_answer)
        .attr("placeholder", words().other_answer)
        .node_ref(field)
        .on(ev::input, move |event| {
            let text = event_target_value(&event);
            if !many && !text.trim().is_empty() {
                browser::uncheck(&name);
            }
            writing.change(nth, |answer| answer.write(&text));
        });
    fieldset().class("question").child((legend().child(question.question), choices, own))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn own_words_stand_in_the_answer_once_however_often_they_were_changed() {
        let mut answer = Answer { many: true, ..Answer::default() };
        answer.choose("hens", true);
        answer.write("gee");
        answer.write("geese, white ones ");
        answer.choose("ducks", true);
        assert_eq!(answer.text(), "hens, ducks, geese, white ones");
        answer.choose("hens", false);
        answer.write("");
        assert_eq!(answer.text(), "ducks");
    }

    #[test]
    fn of_one_choice_and_own_words_the_last_is_the_answer() {
        let mut answer = Answer::default();
        answer.choose("hens", true);
        answer.choose("ducks", true);
        assert_eq!(answer.text(), "ducks");
        answer.write("geese");
        assert_eq!(answer.text(), "geese");
        answer.choose("hens", true);
        assert_eq!(answer.text(), "hens");
    }
}
