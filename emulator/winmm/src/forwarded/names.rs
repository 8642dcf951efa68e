//! The names: those that Windows, Wine and the import library of mingw-w64 have, but for those that
//! this crate has itself.

use super::call::forwarded;

// They return MMRESULT or MCIERROR.
forwarded! { not_supported:
    auxGetDevCapsA auxGetDevCapsW auxGetVolume auxOutMessage auxSetVolume joyConfigChanged
    joyGetDevCapsA joyGetDevCapsW joyGetPos joyGetPosEx joyGetThreshold joyReleaseCapture
    joySetCapture joySetThreshold mciSendCommandA mciSendCommandW mciSendStringA mciSendStringW
    mixerClose mixerGetControlDetailsA mixerGetControlDetailsW mixerGetDevCapsA mixerGetDevCapsW
    mixerGetID mixerGetLineControlsA mixerGetLineControlsW mixerGetLineInfoA mixerGetLineInfoW
    mixerMessage mixerOpen mixerSetControlDetails mmioAdvance mmioAscend mmioClose mmioCreateChunk
    mmioDescend mmioFlush mmioGetInfo mmioRenameA mmioRenameW mmioSetBuffer mmioSetInfo
    timeBeginPeriod timeEndPeriod timeGetDevCaps timeGetSystemTime timeKillEvent waveInAddBuffer
    waveInClose waveInGetDevCapsA waveInGetDevCapsW waveInGetErrorTextA waveInGetErrorTextW
    waveInGetID waveInGetPosition waveInMessage waveInOpen waveInPrepareHeader waveInReset
    waveInStart waveInStop waveInUnprepareHeader waveOutBreakLoop waveOutClose waveOutGetDevCapsA
    waveOutGetDevCapsW waveOutGetErrorTextA waveOutGetErrorTextW waveOutGetID waveOutGetPitch
    waveOutGetPlaybackRate waveOutGetPosition waveOutGetVolume waveOutMessage waveOutOpen
    waveOutPause waveOutPrepareHeader waveOutReset waveOutRestart waveOutSetPitch
    waveOutSetPlaybackRate waveOutSetVolume waveOutUnprepareHeader waveOutWrite
}

// They return a handle, a number of devices, a yes or no, or are documented nowhere.
forwarded! { nothing:
    CloseDriver DefDriverProc DriverCallback DrvClose DrvDefDriverProc DrvGetModuleHandle DrvOpen
    DrvOpenA DrvSendMessage GetDriverFlags GetDriverModuleHandle MigrateAllDrivers
    MigrateSoundEvents NotifyCallbackData OpenDriver OpenDriverA PlaySound PlaySoundA PlaySoundW
    SendDriverMessage WOW32DriverCallback WOW32ResolveMultiMediaHandle WOWAppExit WinmmLogoff
    WinmmLogon aux32Message auxGetNumDevs gfxAddGfx gfxBatchChange gfxCreateGfxFactoriesList
    gfxCreateZoneFactoriesList gfxDestroyDeviceInterfaceList gfxEnumerateGfxs gfxLogoff gfxLogon
    gfxModifyGfx gfxOpenGfx gfxRemoveGfx joy32Message joyGetNumDevs mci32Message mciDriverNotify
    mciDriverYield mciExecute mciFreeCommandResource mciGetCreatorTask mciGetDeviceIDA
    mciGetDeviceIDFromElementIDA mciGetDeviceIDFromElementIDW mciGetDeviceIDW mciGetDriverData
    mciGetErrorStringA mciGetErrorStringW mciGetYieldProc mciSetDriverData mciSetYieldProc
    mid32Message mixerGetNumDevs mmDrvInstall mmGetCurrentTask mmTaskBlock mmTaskCreate mmTaskSignal
    mmTaskYield mmioInstallIOProc16 mmioInstallIOProcA mmioInstallIOProcW mmioOpenA mmioOpenW
    mmioSendMessage mmioStringToFOURCCA mmioStringToFOURCCW mmsystemGetVersion mod32Message
    mxd32Message sndPlaySoundA sndPlaySoundW tid32Message timeGetTime timeSetEvent waveInGetNumDevs
    waveOutGetNumDevs wid32Message winmmDbgOut winmmSetDebugLevel wod32Message
}

// mmioRead and its like, and MCI_NO_COMMAND_TABLE.
forwarded! { no_position:
    mciLoadCommandResource mmioRead mmioSeek mmioWrite
}
