/* The test appends what it wants to know of the headers: numbers, GUIDs, and assignments to
   typed function pointers. */
#define INITGUID
#include <ntddk.h> /* first: ks.h declares KSPIN_DESCRIPTOR only behind it */
#include <initguid.h>

/* mingw-w64's ksmedia.h and portcls.h use these three and declare them nowhere. */
typedef WCHAR TCHAR;
typedef struct { ULONG FifoSize, ChipsetDelay, CodecDelay; } KSRTAUDIO_HWLATENCY;
typedef struct { PVOID Register; ULONG Width; ULONGLONG Numerator, Denominator; ULONG Accuracy; } KSRTAUDIO_HWREGISTER;

#include <portcls.h>
#include <dmusicks.h>
#include <ntstatus.h>

/* Unnamed in C. */
typedef __typeof__(((CM_PARTIAL_RESOURCE_DESCRIPTOR *)0)->u) CM_RESOURCE;
typedef __typeof__(((CM_RESOURCE *)0)->Port) CM_PORT;
typedef __typeof__(((CM_RESOURCE *)0)->Interrupt) CM_INTERRUPT;

