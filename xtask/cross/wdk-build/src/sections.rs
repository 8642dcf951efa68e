//! Flags of sections.

/// The flags that link.exe gives an image's sections with `/DRIVER`, in the letters of lld-link:
/// execute, read, write, `D`iscardable, and `P` for `IMAGE_SCN_MEM_NOT_PAGED`. (In link.exe's `/SECTION`,
/// `P` is the opposite, "pageable", and `!P` sets the flag; lld-link refuses the exclamation mark. So
/// these arguments are for lld-link only.) An option replaces all access flags of its section, so each
/// letter has to be there.
///
/// PAGE is not in the list: it keeps what the compiler gave it, and stays pageable. INIT is set by the
/// image's own build script. `.reloc` is discardable by default.
const FLAGS: [(&str, &str); 5] = [
    (".text", "ERP"),
    (".rdata", "RP"),
    (".data", "RWP"),
    (".pdata", "RP"),
    (".rsrc", "RD"),
];

/// What the linker has to be told about sections. Those that an image lacks do no harm.
pub fn link_arguments() -> impl Iterator<Item = String> {
    FLAGS
        .iter()
        .map(|(section, flags)| format!("/SECTION:{section},{flags}"))
}
