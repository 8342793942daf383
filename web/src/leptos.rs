//! The parts of Leptos that the page is made of, under the names Leptos gives them.
//!
//! The crate `leptos` itself brings its server functions along, of which the page has no use and which come over the network all the
//! same: the browser's side of them is exported, so no linker can drop it.

pub(crate) use reactive_graph as reactive;
pub(crate) use tachys::{
    self,
    html::{element as html, event as ev},
    svg,
};

pub(crate) mod prelude {
    pub(crate) use leptos_dom::helpers::{event_target_checked, event_target_value, window_event_listener};
    pub(crate) use reactive_graph::{
        computed::Memo,
        effect::Effect,
        graph::untrack,
        owner::{expect_context, on_cleanup, provide_context},
        prelude::*,
    };
    pub(crate) use tachys::{
        prelude::*,
        reactive_graph::node_ref::NodeRef,
        view::any_view::{AnyView, IntoAny},
    };
}

pub(crate) mod task {
    pub(crate) use wasm_bindgen_futures::spawn_local;
}

use std::sync::Arc;

use prelude::*;
use reactive_graph::owner::Owner;
use tachys::{reactive_graph::OwnedView, view::keyed::keyed};

/// Draws a view into the page, for as long as the page lives.
pub(crate) fn mount_to_body(view: impl FnOnce() -> AnyView + 'static) {
    // It fails only when an executor is there already.
    let _ = any_spawner::Executor::init_wasm_bindgen();
    let owner = Owner::new();
    let drawn = owner.with(move || {
        let mut drawn = view().build();
        drawn.mount(&leptos_dom::helpers::document().body().expect("a page has a body"), None);
        drawn
    });
    std::mem::forget((owner, drawn));
}

/// A list, one item each. An item whose key was there before is kept as it stands, with everything that belongs to it.
pub(crate) fn keyed_list<T: Send + 'static>(
    list: Arc<dyn Fn() -> Vec<T> + Send + Sync>,
    key: fn(&T) -> String,
    draw: fn(T) -> AnyView,
) -> AnyView {
    let parent = Owner::current().expect("a list is drawn within the page");
    let draw = move |_, item| {
        let owner = parent.with(Owner::new);
        let view = owner.with(|| draw(item));
        (drop, OwnedView::new_with_owner(view, owner))
    };
    (move || keyed(list(), key, draw.clone())).into_any()
}
