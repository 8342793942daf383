//! Elements, for every part alike.
//!
//! Leptos gives each element a type of its own, made of all its attributes and children, and compiles its drawing code anew for each.
//! Here they are erased as they are added: all elements of the page share one type, and the wasm is a third smaller. Nothing is lost
//! by it, for parts keep what changes in closures, and each closure touches only its own text or attribute.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use crate::leptos::{
    ev::{Custom, Event, EventDescriptor},
    html::{Custom as Tag, custom},
    keyed_list,
    prelude::*,
    tachys::html::{
        attribute::{
            Attribute,
            any_attribute::{AnyAttribute, IntoAnyAttribute},
            custom::custom_attribute,
        },
        event::on,
        node_ref::node_ref,
    },
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlInputElement};

use crate::store::follow;

/// Finds the element that a part has drawn, once it is there.
pub(crate) type Ref = NodeRef<Tag<&'static str>>;

type Reactive<T> = Arc<Mutex<dyn FnMut() -> T + Send>>;

/// An element in the making. One pointer wide; what the methods do is never inlined, for size.
pub(crate) struct El(Box<Parts>);

struct Parts {
    tag: &'static str,
    attributes: Vec<AnyAttribute>,
    children: Vec<AnyView>,
}

macro_rules! elements {
    ($($tag:ident)*) => {
        $(
            #[doc = concat!("A `<", stringify!($tag), ">`.")]
            pub(crate) fn $tag() -> El {
                El::new(stringify!($tag))
            }
        )*
    };
}

elements! {
    a blockquote br button code dd del dialog div dl dt em fieldset form h1 h2 h3 h4 h5 h6 header hr img input ins kbd label legend li main
    mark nav ol option p pre section select small span strong table tbody td textarea th thead tr ul
}

impl El {
    #[inline(never)]
    fn new(tag: &'static str) -> Self {
        Self(Box::new(Parts { tag, attributes: Vec::new(), children: Vec::new() }))
    }

    /// Sets an attribute, for good or by a closure that says anew what it is.
    pub(crate) fn attr(self, name: &'static str, value: impl Value) -> Self {
        value.put(name, self)
    }

    pub(crate) fn class(self, name: &'static str) -> Self {
        fixed_str("class", name, self)
    }

    pub(crate) fn id(self, id: impl Into<String>) -> Self {
        fixed("id", Some(id.into()), self)
    }

    /// A `<button>` that submits nothing.
    pub(crate) fn plain(self) -> Self {
        fixed_str("type", "button", self)
    }

    /// Calls `listener` at every `event`.
    #[expect(clippy::needless_pass_by_value, reason = "an event's descriptor is a name, passed as Leptos passes it")]
    pub(crate) fn on<E>(self, event: E, listener: impl FnMut(E::EventType) + 'static) -> Self
    where
        E: EventDescriptor,
        E::EventType: JsCast + 'static,
    {
        self.listening::<E::EventType>(event.name(), Box::new(listener))
    }

    /// Compiled once for each kind of event, not for each listener.
    #[inline(never)]
    fn listening<T: JsCast + 'static>(self, event: Cow<'static, str>, mut listener: Box<dyn FnMut(T)>) -> Self {
        let listener: Box<dyn FnMut(Event)> = Box::new(move |event| listener(event.unchecked_into()));
        self.with(on(Custom::new(event), listener))
    }

    pub(crate) fn node_ref(self, found: Ref) -> Self {
        self.with(node_ref::<Tag<&'static str>, _>(found))
    }

    /// Anything else Leptos can put on an element.
    #[inline(never)]
    pub(crate) fn with(mut self, attribute: impl Attribute) -> Self {
        self.0.attributes.push(attribute.into_any_attr());
        self
    }

    pub(crate) fn child(mut self, content: impl Content) -> Self {
        content.add_to(&mut self.0.children);
        self
    }

    #[inline(never)]
    fn into_any(self) -> AnyView {
        let Parts { tag, attributes, children } = *self.0;
        custom(tag).add_any_attr(attributes).child(children).into_any()
    }
}

#[inline(never)]
fn fixed(name: &'static str, value: Option<String>, element: El) -> El {
    element.with(custom_attribute(name, value))
}

#[inline(never)]
fn fixed_str(name: &'static str, value: &str, element: El) -> El {
    fixed(name, Some(value.to_owned()), element)
}

#[inline(never)]
fn moving(name: &'static str, value: Reactive<Option<String>>, element: El) -> El {
    element.with(custom_attribute(name, value))
}

/// What an attribute may be.
pub(crate) trait Value {
    fn put(self, name: &'static str, element: El) -> El;
}

/// What an attribute may be at one moment: a text, or absent.
pub(crate) trait Now {
    fn now(self) -> Option<String>;
}

impl<F: FnMut() -> T + Send + 'static, T: Now> Value for F {
    fn put(mut self, name: &'static str, element: El) -> El {
        moving(name, Arc::new(Mutex::new(move || self().now())), element)
    }
}

impl Value for &str {
    fn put(self, name: &'static str, element: El) -> El {
        fixed_str(name, self, element)
    }
}

impl Value for String {
    fn put(self, name: &'static str, element: El) -> El {
        fixed(name, Some(self), element)
    }
}

impl Value for bool {
    fn put(self, name: &'static str, element: El) -> El {
        fixed(name, self.now(), element)
    }
}

impl<T: Now> Value for Option<T> {
    fn put(self, name: &'static str, element: El) -> El {
        fixed(name, self.now(), element)
    }
}

impl Now for &str {
    fn now(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Now for String {
    fn now(self) -> Option<String> {
        Some(self)
    }
}

impl Now for bool {
    fn now(self) -> Option<String> {
        self.then(String::new)
    }
}

impl<T: Now> Now for Option<T> {
    fn now(self) -> Option<String> {
        self?.now()
    }
}

/// What an element may hold.
pub(crate) trait Content: Sized {
    fn add_to(self, children: &mut Vec<AnyView>);

    /// The content as one view.
    fn view(self) -> AnyView {
        let mut children = Vec::new();
        self.add_to(&mut children);
        joined(children)
    }
}

#[inline(never)]
fn joined(mut children: Vec<AnyView>) -> AnyView {
    match (children.pop(), children.is_empty()) {
        (None, _) => ().into_any(),
        (Some(only), true) => only,
        (Some(last), false) => {
            children.push(last);
            children.into_any()
        }
    }
}

#[inline(never)]
fn text(text: String, children: &mut Vec<AnyView>) {
    children.push(text.into_any());
}

#[inline(never)]
fn drawn(draw: Reactive<AnyView>, children: &mut Vec<AnyView>) {
    children.push(draw.into_any());
}

impl Content for El {
    fn add_to(self, children: &mut Vec<AnyView>) {
        children.push(self.into_any());
    }
}

impl Content for AnyView {
    fn add_to(self, children: &mut Vec<AnyView>) {
        children.push(self);
    }
}

impl Content for String {
    fn add_to(self, children: &mut Vec<AnyView>) {
        text(self, children);
    }
}

impl Content for &str {
    fn add_to(self, children: &mut Vec<AnyView>) {
        text(self.to_owned(), children);
    }
}

impl Content for () {
    fn add_to(self, _: &mut Vec<AnyView>) {}
}

impl<F: FnMut() -> T + Send + 'static, T: Content> Content for F {
    fn add_to(mut self, children: &mut Vec<AnyView>) {
        drawn(Arc::new(Mutex::new(move || self().view())), children);
    }
}

impl<T: Content> Content for Option<T> {
    fn add_to(self, children: &mut Vec<AnyView>) {
        if let Some(content) = self {
            content.add_to(children);
        }
    }
}

impl<T: Content> Content for Vec<T> {
    fn add_to(self, children: &mut Vec<AnyView>) {
        for content in self {
            content.add_to(children);
        }
    }
}

macro_rules! tuples {
    ($($($part:ident),+;)*) => {
        $(
            impl<$($part: Content),+> Content for ($($part,)+) {
                #[allow(non_snake_case, reason = "a part is named like its type")]
                fn add_to(self, children: &mut Vec<AnyView>) {
                    let ($($part,)+) = self;
                    $($part.add_to(children);)+
                }
            }
        )*
    };
}

tuples! {
    A, B;
    A, B, C;
    A, B, C, D;
    A, B, C, D, E;
    A, B, C, D, E, F;
    A, B, C, D, E, F, G;
    A, B, C, D, E, F, G, H;
    A, B, C, D, E, F, G, H, I;
}

/// One item of a list, not drawn yet.
struct Item {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list. An item whose key was there before is kept as it stands.
pub(crate) fn each<T: Send + 'static>(
    list: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: impl Fn(&T) -> String + Send + Sync + 'static,
    draw: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView {
    list_of(Arc::new(move || {
        let item = |one: T| Item { key: key(&one), draw: Box::new(move || draw(one)) };
        list().into_iter().map(item).collect()
    }))
}

#[inline(never)]
fn list_of(list: Arc<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    keyed_list(list, |item| item.key.clone(), |item| (item.draw)())
}

/// Gives a field the keyboard as soon as it is there, with its text selected.
pub(crate) fn take_keyboard(field: Ref) {
    once_drawn(field, |field| {
        let _ = field.focus();
        if let Some(field) = field.dyn_ref::<HtmlInputElement>() {
            field.select();
        }
    });
}

/// Shows a dialog above everything else, as soon as it is there.
pub(crate) fn on_top(dialog: Ref) {
    once_drawn(dialog, |node| {
        if let Some(dialog) = node.dyn_ref::<HtmlDialogElement>()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
}

/// Closes a dialog as the browser does: the keyboard goes back to where it was, and `close` follows.
pub(crate) fn shut(dialog: Ref) {
    if let Some(node) = dialog.get_untracked()
        && let Some(dialog) = node.dyn_ref::<HtmlDialogElement>()
    {
        dialog.close();
    }
}

/// Does `action` with the element of `found` as soon as it is there.
pub(crate) fn once_drawn(found: Ref, action: impl Fn(HtmlElement) + 'static) {
    follow(move || {
        if let Some(element) = found.get() {
            action(element);
        }
    });
}
