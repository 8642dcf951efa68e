//! The I/O, Plug and Play and power managers, and handles as clients have them.

pub(crate) mod driver;
pub(crate) mod filter;
pub(crate) mod functional_device;
pub(crate) mod loaded;
pub(crate) mod packet;
pub(crate) mod pin;
pub(crate) mod request;
pub(crate) mod system;
mod unload;
