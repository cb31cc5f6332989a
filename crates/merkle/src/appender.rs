use crate::node::add_sizes;
use crate::{AppendError, Node, TreeHash};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use hyperfeed_flat_tree::{BlockIndex, NodeIndex, full_roots};
use hyperfeed_types::Hash;

/// Grows a tree block by block. Keeps nothing but the roots.
///
/// A block costs one parent hash on average, and at most one for each root.
pub struct Appender<T> {
    length: u64,
    byte_length: u64,
    roots: Vec<Node>,
    hash: PhantomData<fn() -> T>,
}

impl<T: TreeHash> Appender<T> {
    /// An empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            length: 0,
            byte_length: 0,
            roots: Vec::new(),
            hash: PhantomData,
        }
    }

    /// A tree of `length` blocks of which these are the full roots, left to right.
    ///
    /// # Errors
    /// Other roots than the length has, or more than [`MAX_SIZE`](crate::MAX_SIZE) bytes.
    pub fn from_roots(length: u64, roots: Vec<Node>) -> Result<Self, AppendError> {
        let is_countable = length <= BlockIndex::MAX.get() + 1;
        if !is_countable || !full_roots(length).eq(roots.iter().map(|root| root.index)) {
            return Err(AppendError::Roots { length });
        }
        let mut byte_length = 0;
        for root in &roots {
            byte_length = add_sizes(byte_length, root.size)
                .ok_or(AppendError::SizeOverflow { node: root.index })?;
        }
        Ok(Self {
            length,
            byte_length,
            roots,
            hash: PhantomData,
        })
    }

    /// Adds a block by its leaf hash and its size in bytes.
    ///
    /// The new nodes go to the end of `new_nodes`: the leaf, then the parents it completes, upwards.
    ///
    /// # Errors
    /// No block can be added: too many of them, or of their bytes. Nothing has changed then.
    pub fn push(
        &mut self,
        leaf: Hash,
        size: u64,
        new_nodes: &mut Vec<Node>,
    ) -> Result<(), AppendError> {
        let block = BlockIndex::new(self.length).ok_or(AppendError::TooLong)?;
        let index = NodeIndex::leaf(block);
        // Every parent is beneath a root, and all roots together are no larger than this.
        let byte_length =
            add_sizes(self.byte_length, size).ok_or(AppendError::SizeOverflow { node: index })?;
        let mut top = Node {
            index,
            size,
            hash: leaf,
        };
        new_nodes.push(top);
        while let Some(left) = self.roots.pop_if(|root| root.index == top.index.sibling()) {
            let Some(parent) = left.join::<T>(&top) else {
                break;
            };
            top = parent;
            new_nodes.push(top);
        }
        self.roots.push(top);
        self.length += 1;
        self.byte_length = byte_length;
        Ok(())
    }

    /// The hash over the roots. That of no roots has no use in generation 2.
    #[must_use]
    pub fn roots_hash(&self) -> Hash {
        T::roots(&self.roots)
    }

    /// Blocks.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of all blocks, at most [`MAX_SIZE`](crate::MAX_SIZE).
    #[must_use]
    pub const fn byte_length(&self) -> u64 {
        self.byte_length
    }

    /// The full roots, left to right.
    #[must_use]
    pub fn roots(&self) -> &[Node] {
        &self.roots
    }
}

// By hand, for a derive would ask the same of the hash.
impl<T> Clone for Appender<T> {
    fn clone(&self) -> Self {
        Self {
            length: self.length,
            byte_length: self.byte_length,
            roots: self.roots.clone(),
            hash: PhantomData,
        }
    }
}

impl<T: TreeHash> Default for Appender<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Appender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender")
            .field("length", &self.length)
            .field("byte_length", &self.byte_length)
            .field("roots", &self.roots)
            .finish()
    }
}
