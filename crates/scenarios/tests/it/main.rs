//! Every document of the library, read, checked against the grammars, and rendered.

mod gallery;
mod handbook;
mod library;
