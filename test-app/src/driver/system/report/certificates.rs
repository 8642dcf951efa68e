//! Certificates with a subject, in the machine's stores.

use std::ptr;
use std::time::{Duration, SystemTime};

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_FIND_SUBJECT_STR_W, CERT_SHA1_HASH_PROP_ID, CERT_STORE_OPEN_EXISTING_FLAG,
    CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_LOCAL_MACHINE,
    CertCloseStore, CertFindCertificateInStore, CertGetCertificateContextProperty, CertOpenStore,
    HCERTSTORE, X509_ASN_ENCODING,
};

use crate::driver::report::evidence::StoredCertificate;
use crate::driver::system::wide::wide;
use crate::driver::system::{checked, last_error};
use crate::driver::windows::{Called, Store};

const SHA1_SIZE: usize = 20;
/// 1970 in file time, which counts tenths of microseconds from 1601.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
const PER_SECOND: u64 = 10_000_000;

/// A store that is open.
struct OpenStore(HCERTSTORE);

impl Drop for OpenStore {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// Those whose subject contains a text.
pub fn with_subject(store: Store, subject: &str) -> Called<Vec<StoredCertificate>> {
    let name = wide(store.name());
    // SAFETY: the provider takes a name that ends with a zero.
    let opened = unsafe {
        CertOpenStore(
            CERT_STORE_PROV_SYSTEM_W,
            0,
            0,
            CERT_SYSTEM_STORE_LOCAL_MACHINE
                | CERT_STORE_READONLY_FLAG
                | CERT_STORE_OPEN_EXISTING_FLAG,
            name.as_ptr().cast(),
        )
    };
    if opened.is_null() {
        return Err(last_error("CertOpenStore"));
    }
    let opened = OpenStore(opened);
    let subject = wide(subject);
    let mut found = Vec::new();
    let mut context: *mut CERT_CONTEXT = ptr::null_mut();
    loop {
        // SAFETY: the store is open, the subject ends with a zero, and the last certificate is taken back.
        context = unsafe {
            CertFindCertificateInStore(
                opened.0,
                X509_ASN_ENCODING,
                0,
                CERT_FIND_SUBJECT_STR_W,
                subject.as_ptr().cast(),
                context,
            )
        };
        if context.is_null() {
            return Ok(found);
        }
        found.push(StoredCertificate {
            store,
            thumbprint: thumbprint(context)?,
            expires: expires(context),
        });
    }
}

fn thumbprint(context: *const CERT_CONTEXT) -> Called<String> {
    let mut digest = [0_u8; SHA1_SIZE];
    let mut size = u32::try_from(digest.len()).unwrap_or_default();
    // SAFETY: the certificate is whole, and `digest` has room for `size` bytes.
    let done = unsafe {
        CertGetCertificateContextProperty(
            context,
            CERT_SHA1_HASH_PROP_ID,
            digest.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    checked("CertGetCertificateContextProperty", done)?;
    let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits.concat())
}

fn expires(context: *const CERT_CONTEXT) -> String {
    // SAFETY: the certificate is whole.
    let info = unsafe { (*context).pCertInfo };
    // SAFETY: what Windows has read of the certificate lives with it.
    let FILETIME {
        dwLowDateTime,
        dwHighDateTime,
    } = unsafe { (*info).NotAfter };
    let ticks = (u64::from(dwHighDateTime) << 32) | u64::from(dwLowDateTime);
    let seconds = ticks.saturating_sub(UNIX_EPOCH) / PER_SECOND;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.map_or_else(
        || "unknown".to_owned(),
        |time| humantime::format_rfc3339_seconds(time).to_string(),
    )
}
