//! Test vectors made by npm hypercore 2.3.0, with a typed loader.
