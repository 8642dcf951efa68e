//! Signatures.

use std::ops::RangeInclusive;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{
    CERT_E_CHAINING, CERT_E_EXPIRED, CERT_E_UNTRUSTEDROOT, CRYPT_E_BAD_MSG, HANDLE,
    TRUST_E_BAD_DIGEST, TRUST_E_CERT_SIGNATURE, TRUST_E_NOSIGNATURE, TRUST_E_SUBJECT_FORM_UNKNOWN,
};
use windows_sys::Win32::Security::WinTrust::{
    WINTRUST_ACTION_GENERIC_VERIFY_V2, WINTRUST_DATA, WINTRUST_DATA_0, WINTRUST_FILE_INFO,
    WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_CHOICE_FILE, WTD_REVOKE_NONE, WTD_STATEACTION_CLOSE,
    WTD_STATEACTION_VERIFY, WTD_UI_NONE, WTHelperGetProvCertFromChain,
    WTHelperGetProvSignerFromChain, WTHelperProvDataFromStateData, WinVerifyTrust,
};

use super::wide::wide;
use super::{certificates, size_of_structure};
use crate::driver::windows::{Judgement, Signature};

/// `CRYPT_E_ASN1_…` of winerror.h: what is signed can't even be read.
const ASN1_ERRORS: RangeInclusive<u32> = 0x8009_3100..=0x8009_31FF;

/// Judges the signature of a file.
pub fn signature(path: &Path) -> Judgement {
    let path = wide(path);
    let mut file = WINTRUST_FILE_INFO {
        cbStruct: size_of_structure::<WINTRUST_FILE_INFO>(),
        pcwszFilePath: path.as_ptr(),
        hFile: ptr::null_mut(),
        pgKnownSubject: ptr::null_mut(),
    };
    let mut data = WINTRUST_DATA {
        cbStruct: size_of_structure::<WINTRUST_DATA>(),
        pPolicyCallbackData: ptr::null_mut(),
        pSIPClientData: ptr::null_mut(),
        dwUIChoice: WTD_UI_NONE,
        fdwRevocationChecks: WTD_REVOKE_NONE,
        dwUnionChoice: WTD_CHOICE_FILE,
        Anonymous: WINTRUST_DATA_0 {
            pFile: &raw mut file,
        },
        dwStateAction: WTD_STATEACTION_VERIFY,
        hWVTStateData: ptr::null_mut(),
        pwszURLReference: ptr::null_mut(),
        dwProvFlags: WTD_CACHE_ONLY_URL_RETRIEVAL,
        dwUIContext: 0,
        pSignatureSettings: ptr::null_mut(),
    };
    let verdict = call(&mut data);
    let signer = signer(data.hWVTStateData);
    data.dwStateAction = WTD_STATEACTION_CLOSE;
    call(&mut data);
    Judgement {
        verdict: meaning(verdict),
        signer,
    }
}

/// The certificate (DER) of the first signer, of the state that a verdict was found with.
fn signer(state: HANDLE) -> Option<Vec<u8>> {
    if state.is_null() {
        return None;
    }
    // SAFETY: the state was not closed yet.
    let data = unsafe { WTHelperProvDataFromStateData(state) };
    if data.is_null() {
        return None;
    }
    // SAFETY: the data is the state's, and lives as long.
    let signer = unsafe { WTHelperGetProvSignerFromChain(data, 0, 0, 0) };
    if signer.is_null() {
        return None;
    }
    // SAFETY: the signer is the state's, and lives as long.
    let certificate = unsafe { WTHelperGetProvCertFromChain(signer, 0) };
    if certificate.is_null() {
        return None;
    }
    // SAFETY: the certificate is the state's, and lives as long.
    let context = unsafe { (*certificate).pCert };
    if context.is_null() {
        return None;
    }
    // SAFETY: it is whole as long as the state.
    Some(unsafe { certificates::encoded(context) })
}

fn meaning(verdict: i32) -> Signature {
    match verdict {
        0 => Signature::Trusted,
        CERT_E_UNTRUSTEDROOT | CERT_E_CHAINING => Signature::Untrusted,
        TRUST_E_NOSIGNATURE
        | TRUST_E_BAD_DIGEST
        | TRUST_E_CERT_SIGNATURE
        | TRUST_E_SUBJECT_FORM_UNKNOWN
        | CRYPT_E_BAD_MSG => Signature::Broken,
        CERT_E_EXPIRED => Signature::Expired,
        other => match other.cast_unsigned() {
            code if ASN1_ERRORS.contains(&code) => Signature::Broken,
            code => Signature::Refused(code),
        },
    }
}

fn call(data: &mut WINTRUST_DATA) -> i32 {
    let mut action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    // SAFETY: `data` is whole, and what it refers to lives in the caller.
    unsafe { WinVerifyTrust(ptr::null_mut(), &raw mut action, ptr::from_mut(data).cast()) }
}
