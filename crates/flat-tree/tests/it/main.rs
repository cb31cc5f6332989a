//! Numbering against the vectors, against the crate `flat-tree`, and by definition.

mod oracle;
mod range;
mod vectors;
