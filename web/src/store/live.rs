//! A value that lives as long as the page, and whose readers are told of its changes.
//!
//! Leptos has signals for that, but compiles all of their machinery anew for each type of value, and every byte of it comes over the
//! network. Here only the value itself is generic. What a part keeps for itself is a Leptos signal, because it ends with the part.

use std::sync::{PoisonError, RwLock};

use crate::leptos::{
    prelude::*,
    reactive::{
        signal::ArcTrigger,
        traits::{Notify, Track},
    },
};

/// A handle: copies are the same value. Made once and never freed, so only for what the page has one of.
#[derive(Debug)]
pub(crate) struct Live<T: 'static>(&'static Kept<T>);

#[derive(Debug)]
struct Kept<T> {
    readers: ArcTrigger,
    value: RwLock<T>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

impl<T: Default> Default for Live<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Live<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Box::leak(Box::new(Kept { readers: ArcTrigger::new(), value: RwLock::new(value) })))
    }

    /// Reads it; whoever is being drawn or computed hears of its changes from now on.
    pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.readers.track();
        self.with_untracked(read)
    }

    /// Reads it, once.
    pub(crate) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(self, value: T) {
        self.update(|current| *current = value);
    }

    pub(crate) fn update(self, change: impl FnOnce(&mut T)) {
        change(&mut self.0.value.write().unwrap_or_else(PoisonError::into_inner));
        self.0.readers.notify();
    }
}

impl<T: Clone> Live<T> {
    pub(crate) fn get(self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: PartialEq> Live<T> {
    /// Sets it only when that says something new.
    pub(crate) fn set_if_new(self, value: T) {
        if self.with_untracked(|current| *current != value) {
            self.set(value);
        }
    }
}

/// A value computed from others; who reads it hears only when it comes out differently.
pub(crate) fn derived<T: PartialEq + Send + Sync + 'static>(
    compute: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    memo(Box::new(compute))
}

#[inline(never)]
fn memo<T: PartialEq + Send + Sync + 'static>(compute: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| compute())
}

/// Does something now, and again whenever what it read has changed.
pub(crate) fn follow(action: impl FnMut() + 'static) {
    effect(Box::new(action));
}

#[inline(never)]
fn effect(mut action: Box<dyn FnMut()>) {
    Effect::new(move |_| action());
}
