#pragma once

// Before a statement: what it calls is part of the function it stands in. For the few calls of the engine's usual path. Other compilers
// decide for themselves.
#if defined(__clang__)
#define CORCHESTRA_INLINE_HERE [[clang::always_inline]]
#else
#define CORCHESTRA_INLINE_HERE
#endif
