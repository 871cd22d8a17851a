//! Every document of the library, read, checked against the grammars, and rendered.

mod handbook;
mod library;
