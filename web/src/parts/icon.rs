//! Icons: one stroke each, drawn in a box of 16, in the colour of the text around them. They say nothing to a screen reader.

use crate::leptos::{
    prelude::*,
    svg::{path, svg},
};

pub(crate) const MENU: &str = "M2 4h12M2 8h12M2 12h12";
pub(crate) const PLUS: &str = "M8 3v10M3 8h10";
pub(crate) const CROSS: &str = "M4 4l8 8M12 4l-8 8";
pub(crate) const PENCIL: &str =
    "M3 13l.6-2.700L10.800 3.100a1.300 1.300 0 0 1 1.900 0l.2.2a1.300 1.300 0 0 1 0 1.900L5.700 12.400z";
pub(crate) const CHECK: &str = "M3 8.500l3.500 3.500L13 4.500";
pub(crate) const CHEVRON: &str = "M6 4l4 4-4 4";
pub(crate) const ARROW_UP: &str = "M8 13V3M4 7l4-4 4 4";
pub(crate) const ARROW_DOWN: &str = "M8 3v10M4 9l4 4 4-4";
pub(crate) const STOP: &str = "M4.500 4.500h7v7h-7z";
pub(crate) const COPY: &str = "M6 6h7v7H6zM3 10V3h7";
pub(crate) const CIRCLE: &str = "M8 2.500a5.500 5.500 0 1 1-5.500 5.500";
pub(crate) const DOTS: &str = "M8 5v3.500M8 11h.01M8 1.800a6.200 6.200 0 1 0 0 12.400 6.200 6.200 0 0 0 0-12.400";
pub(crate) const MORE: &str = "M3.500 8h.01M8 8h.01M12.500 8h.01";
pub(crate) const PIN: &str = "M6 2.500h4l-.5 4.500 2 2h-7l2-2zM8 9v4.500";
pub(crate) const BOX: &str = "M2.500 3.500h11v3h-11zM3.500 6.500v6h9v-6M6.500 9h3";
pub(crate) const GEAR: &str = "M2 4.500h6M11 4.500h3M2 11.500h3M8 11.500h6M9.500 3v3M6.500 10v3";
pub(crate) const SLASH: &str = "M10.500 2.500l-5 11";
pub(crate) const SUN: &str = "M8 5.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600M8 1.500v1.200M8 13.300v1.200M1.500 8h1.200M13.300 8h1.200M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9";
pub(crate) const MOON: &str = "M13 9.500A5.600 5.600 0 0 1 6.500 3a5.600 5.600 0 1 0 6.500 6.500z";
pub(crate) const HALF: &str = "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12M8 5h3.500M8 8h5M8 11h3.500";

/// The icon of this path.
pub(crate) fn icon(shape: &'static str) -> AnyView {
    classed("icon", shape)
}

/// The icon of this path, with more classes.
pub(crate) fn classed(class: &'static str, shape: &'static str) -> AnyView {
    svg()
        .attr("class", class)
        .attr("viewBox", "0 0 16 16")
        .attr("aria-hidden", "true")
        .child(path().attr("d", shape))
        .into_any()
}
