/* Empty: mingw-w64's wdm.h wants the compiler's own header for the bodies of inline functions, which
   bindgen does not translate. */
#pragma once
