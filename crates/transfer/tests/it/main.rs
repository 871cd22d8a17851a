//! Files as shops send them, and as somebody who means harm does.

mod hostile;
mod imports;
mod reading;
