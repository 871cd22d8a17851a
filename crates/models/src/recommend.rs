//! What somebody may like, from what everybody bought and looked at.
