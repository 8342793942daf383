//! Finding what the page shows: by role and accessible name, as assistive technology does, or by CSS selector.

use fantoccini::{Locator, elements::Element, error::CmdError};
use serde_json::json;

use super::{Browser, order::Computed, passing::is_gone};
use crate::deadline::until;

/// What a reference to an element is called in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Of the candidates for a role those that may have the name, wherever a name can come from. The driver is asked about few elements
/// then: each question is a way there and back.
const NOMINEES: &str = "
    const [selector, name] = arguments;
    const plain = (text) => (text ?? '').replace(/\\s+/g, '');
    const textOf = (id) => document.getElementById(id)?.textContent;
    const sources = (e) => [e.ariaLabel, e.title, e.placeholder, e.value, e.alt, e.textContent,
        (e.getAttribute('aria-labelledby') ?? '').split(' ').map(textOf).join(' '), ...[...(e.labels ?? [])].map((l) => l.textContent)];
    return [...document.querySelectorAll(selector)]
        .filter((e) => e.checkVisibility() && sources(e).some((text) => plain(String(text ?? '')).includes(plain(name))));";

impl Browser {
    /// Waits for a visible element with this role and accessible name.
    pub async fn find(&self, role: &str, name: &str) -> anyhow::Result<Element> {
        until(&format!("{role} «{name}»"), async || self.look_for(role, name).await).await
    }

    /// Waits until no visible element has this role and accessible name.
    pub async fn gone(&self, role: &str, name: &str) -> anyhow::Result<()> {
        let what = format!("{role} «{name}» to go away");
        until(&what, async || Ok(self.look_for(role, name).await?.is_none().then_some(()))).await
    }

    /// The visible element with this role and accessible name, if there is one now.
    pub async fn look_for(&self, role: &str, name: &str) -> anyhow::Result<Option<Element>> {
        let nominees = self.client.execute(NOMINEES, vec![json!(candidates(role)), json!(name)]).await?;
        let ids = nominees.as_array().into_iter().flatten().filter_map(|found| found[ELEMENT].as_str());
        for id in ids.map(ToOwned::to_owned) {
            let element = Element::from_element_id(self.client.clone(), id.into());
            match self.matches(&element, role, name).await {
                Ok(true) => return Ok(Some(element)),
                Ok(false) => {}
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn matches(&self, element: &Element, role: &str, name: &str) -> Result<bool, CmdError> {
        // Some versions of the browser leave the blanks around a label in the name, which the standard does not.
        Ok(self.computed("label", element).await?.trim() == name
            && self.computed("role", element).await? == role
            && element.is_displayed().await?)
    }

    /// What assistive technology is told about the element: its `label` or its `role`.
    async fn computed(&self, what: &'static str, element: &Element) -> Result<String, CmdError> {
        let answer = self.client.issue_cmd(Computed { what, element: element.element_id() }).await?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    /// Waits for an element by CSS selector.
    pub async fn find_css(&self, selector: &str) -> anyhow::Result<Element> {
        until(&format!("an element {selector}"), async || self.look_for_css(selector).await).await
    }

    /// The first element by CSS selector, if there is one now.
    pub(super) async fn look_for_css(&self, selector: &str) -> anyhow::Result<Option<Element>> {
        Ok(self.client.find_all(Locator::Css(selector)).await?.into_iter().next())
    }
}

/// What may have the role; the driver has the last word on what does.
fn candidates(role: &str) -> &'static str {
    match role {
        "button" => "button, summary, input[type=button], input[type=submit], [role=button]",
        "link" => "a[href], [role=link]",
        "textbox" => "textarea, input, [role=textbox], [contenteditable]",
        "combobox" => "select, input, textarea, [role=combobox]",
        "checkbox" => "input[type=checkbox], [role=checkbox]",
        "radio" => "input[type=radio], [role=radio]",
        "option" => "option, [role=option]",
        "listbox" => "select, [role=listbox]",
        "heading" => "h1, h2, h3, h4, h5, h6, [role=heading]",
        "dialog" => "dialog, [role=dialog]",
        "menuitem" => "[role=menuitem]",
        "menuitemradio" => "[role=menuitemradio]",
        "tab" => "[role=tab]",
        "listitem" => "li, [role=listitem]",
        "status" => "output, [role=status]",
        "alert" => "[role=alert]",
        "log" => "[role=log]",
        "group" => "fieldset, details, [role=group]",
        _ => "body *",
    }
}
