#include "llm/two_cores.hpp"

#include <sched.h>

#include <cstdio>
#include <cstdlib>

#include "llm/child.hpp"

namespace corchestra::bench {

two_cores::two_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) skip("needs two cores");
  client = sched_getcpu();
  for (server = 0; server == client || !CPU_ISSET(static_cast<std::size_t>(server), &allowed);) ++server;
  bind_to_core(client);
}

void skip(const char* why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(77);
}

}  // namespace corchestra::bench
