//! The system's own members of service groups.

use portcls::com::{Class, ComPtr, Face, Own, ServiceSink};
use portcls::interfaces::IServiceSink;
use portcls::status::Outcome;

use super::objects::{OnMachine, SystemMemory};

/// Something of the system's that is called when a group is notified.
pub(crate) type Sink = OnMachine<Box<dyn Fn()>>;

impl Class for Sink {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = &[Face::service_sink::<0>()];
}

impl ServiceSink for Sink {
    fn request_service(&self) {
        (self.0)();
    }
}

/// Makes a sink that calls `service`.
pub(crate) fn sink(service: impl Fn() + 'static) -> Outcome<ComPtr<IServiceSink>> {
    Own::<Sink>::new(OnMachine(Box::new(service)))?.into_interface()
}
