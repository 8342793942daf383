//! Waiting: for a while, for the next frame, for whichever comes first.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Promise};
use roost_core::Millis;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::window;

/// Calls `action` after `length`.
pub(crate) fn after(length: Millis, action: impl FnOnce() + 'static) {
    let action = Closure::once_into_js(action);
    let millis = i32::try_from(length.0).unwrap_or(i32::MAX);
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(action.unchecked_ref(), millis);
}

/// Calls `action` every `length`, for as long as the page lives.
pub(crate) fn every(length: Millis, action: impl FnMut() + 'static) {
    let action = Closure::<dyn FnMut()>::new(action).into_js_value();
    let millis = i32::try_from(length.0).unwrap_or(i32::MAX);
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(action.unchecked_ref(), millis);
}

/// Calls `action` just before the next frame is painted. A tab in the background paints none, so there a timer stands in.
pub(crate) fn next_frame(action: impl FnOnce() + 'static) {
    let once = Rc::new(RefCell::new(Some(action)));
    let twin = Rc::clone(&once);
    let fire = Closure::once_into_js(move || {
        if let Some(action) = once.take() {
            action();
        }
    });
    let _ = window().request_animation_frame(fire.unchecked_ref());
    after(LONGEST_FRAME, move || {
        if let Some(action) = twin.take() {
            action();
        }
    });
}

const LONGEST_FRAME: Millis = Millis(250);

/// A wait that can be cut short.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm {
    waiting: Rc<RefCell<Option<Function>>>,
}

impl Alarm {
    /// Waits for `length`, or until [`Self::ring`].
    pub(crate) async fn wait(&self, length: Millis) {
        let waiting = Rc::clone(&self.waiting);
        let promise = Promise::new(&mut |resolve, _reject| {
            let millis = i32::try_from(length.0).unwrap_or(i32::MAX);
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
            waiting.replace(Some(resolve));
        });
        let _ = JsFuture::from(promise).await;
        self.waiting.take();
    }

    /// Ends the wait now. Without one it does nothing.
    pub(crate) fn ring(&self) {
        if let Some(resolve) = self.waiting.take() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    }
}
