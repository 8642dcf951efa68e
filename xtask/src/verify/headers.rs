//! Rules about headers and flags.

use object::pe;

use super::Verdict;
use super::image::Image;

/// The system loads drivers of this subsystem only.
pub fn native_subsystem(image: &Image) -> Verdict {
    if image.subsystem == pe::IMAGE_SUBSYSTEM_NATIVE.0 {
        Ok("native".to_owned())
    } else {
        Err(format!("subsystem {}", image.subsystem))
    }
}

/// The image begins with `DriverEntry`. Rust can only name a function that it also exports.
pub fn entry_point(image: &Image) -> Verdict {
    let at = image.entry_point;
    let names: Vec<_> = image
        .exports
        .iter()
        .filter(|(_, address)| *address == at)
        .map(|(name, _)| name.as_str())
        .collect();
    if names.contains(&"DriverEntry") {
        Ok(format!("DriverEntry at {at:#x}"))
    } else {
        Err(format!("{at:#x} is {}, not DriverEntry", names.join(", ")))
    }
}

/// Data can't be executed.
pub fn no_execute(image: &Image) -> Verdict {
    dll_flag(image, pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT, "NX_COMPAT")
}

/// The image can be loaded anywhere.
pub fn address_randomisation(image: &Image) -> Verdict {
    if image.file_flags & pe::IMAGE_FILE_RELOCS_STRIPPED.0 != 0 || !image.has_relocations {
        return Err("no relocations".to_owned());
    }
    dll_flag(
        image,
        pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
        "DYNAMIC_BASE",
    )
}

/// On 64 bits, anywhere at all.
pub fn high_entropy(image: &Image) -> Verdict {
    if !image.is_64_bit {
        return Ok("nothing to ask of 32 bits".to_owned());
    }
    dll_flag(
        image,
        pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
        "HIGH_ENTROPY_VA",
    )
}

/// The image is not loaded without a valid signature.
pub fn force_integrity(image: &Image) -> Verdict {
    dll_flag(
        image,
        pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
        "FORCE_INTEGRITY",
    )
}

/// Indirect calls are checked, and there is a table of what they may reach.
pub fn control_flow_guard(image: &Image) -> Verdict {
    dll_flag(image, pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF, "GUARD_CF")?;
    let Some(guard) = &image.guard else {
        return Err("no load configuration".to_owned());
    };
    let wanted = pe::IMAGE_GUARD_CF_INSTRUMENTED.0 | pe::IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT.0;
    if guard.flags & wanted != wanted {
        return Err(format!("guard flags {:#x}", guard.flags));
    }
    if guard.functions == 0 {
        return Err("the table of functions is empty".to_owned());
    }
    Ok(format!("GUARD_CF, {} functions", guard.functions))
}

/// Time stamps are a hash of the image.
pub fn reproducible_time_stamp(image: &Image) -> Verdict {
    let mark = pe::IMAGE_DEBUG_TYPE_REPRO.0;
    if image.debug_entries.iter().any(|entry| entry.kind == mark) {
        Ok("a hash".to_owned())
    } else {
        Err("the time of day".to_owned())
    }
}

fn dll_flag(image: &Image, flag: pe::DllFlags, name: &str) -> Verdict {
    if image.dll_flags & flag.0 != 0 {
        Ok(name.to_owned())
    } else {
        Err(format!("{name} is not set"))
    }
}
