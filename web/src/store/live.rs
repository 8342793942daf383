//! Values whose readers are told of their changes: [`Live`] as long as the page, [`Own`] as long as a part, [`Derived`] from others.
//!
//! Leptos has signals for that, but compiles all of their machinery anew for each type of value, and every byte of it comes over the
//! network. Here only the value itself is generic.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock},
};

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

impl<T> Kept<T> {
    fn new(value: T) -> Self {
        Self { readers: ArcTrigger::new(), value: RwLock::new(value) }
    }

    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn update(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.value.write().unwrap_or_else(PoisonError::into_inner));
        self.readers.notify();
    }
}

impl<T> Live<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Box::leak(Box::new(Kept::new(value))))
    }

    /// Reads it; whoever is being drawn or computed hears of its changes from now on.
    pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.readers.track();
        self.0.read(read)
    }

    /// Reads it, once.
    pub(crate) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.read(read)
    }

    pub(crate) fn set(self, value: T) {
        self.update(|current| *current = value);
    }

    pub(crate) fn update(self, change: impl FnOnce(&mut T)) {
        self.0.update(change);
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

/// What a part keeps for itself: clones are the same value, and it ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Own<T>(Arc<Kept<T>>);

impl<T: Clone> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Kept::new(value)))
    }

    pub(crate) fn get(&self) -> T {
        self.0.readers.track();
        self.0.read(T::clone)
    }

    pub(crate) fn get_untracked(&self) -> T {
        self.0.read(T::clone)
    }

    pub(crate) fn set(&self, value: T) {
        self.0.update(|current| *current = value);
    }
}

/// A value computed from others; who reads it hears only when it comes out differently. A handle: copies are the same value.
#[derive(Debug)]
pub(crate) struct Derived<T>(Memo<Erased>, PhantomData<fn() -> T>);

/// Some value: the same one, or another.
#[derive(Clone, Debug)]
struct Erased(Arc<dyn Any + Send + Sync>);

impl PartialEq for Erased {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

impl<T: 'static> Derived<T> {
    pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read_as(&self.0.get(), read)
    }

    pub(crate) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read_as(&self.0.get_untracked(), read)
    }
}

fn read_as<T: 'static, R>(value: &Erased, read: impl FnOnce(&T) -> R) -> R {
    read(value.0.downcast_ref().expect("`derived` computes nothing but values of this type"))
}

impl<T: Clone + 'static> Derived<T> {
    pub(crate) fn get(self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }
}

/// Computes a value whenever one that it read has changed.
pub(crate) fn derived<T: PartialEq + Send + Sync + 'static>(
    compute: impl Fn() -> T + Send + Sync + 'static,
) -> Derived<T> {
    Derived(memo(Box::new(move || Erased(Arc::new(compute()))), equal::<T>), PhantomData)
}

fn equal<T: PartialEq + 'static>(old: &Erased, new: &Erased) -> bool {
    old.0.downcast_ref::<T>().is_some_and(|old| new.0.downcast_ref() == Some(old))
}

#[inline(never)]
fn memo(compute: Box<dyn Fn() -> Erased + Send + Sync>, equal: fn(&Erased, &Erased) -> bool) -> Memo<Erased> {
    Memo::new(move |old: Option<&Erased>| {
        let new = compute();
        old.filter(|old| equal(old, &new)).cloned().unwrap_or(new)
    })
}

/// Does something now, and again whenever what it read has changed.
pub(crate) fn follow(action: impl FnMut() + 'static) {
    effect(Box::new(action));
}

#[inline(never)]
fn effect(mut action: Box<dyn FnMut()>) {
    Effect::new(move |_| action());
}
