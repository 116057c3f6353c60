// Random runs against the reference model, for as long as asked: soak --events N --seconds N --seed N --cases N --size
// N
// --log. Ends with 1 and the seed at the first broken promise; --log then shows the events of that run.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/random_world.hpp"

namespace {

std::uint64_t number(int argc, char** argv, const char* name, std::uint64_t standard) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::strtoull(argv[i + 1], nullptr, 10);
  }
  return standard;
}

std::uint64_t running = 0;  // the seed

// A crash tells its seed too.
void tell_seed(int signal) {
  char text[64];
  const int n = std::snprintf(text, sizeof text, "seed %llu: signal %d\n", static_cast<unsigned long long>(running), signal);
  if (write(STDOUT_FILENO, text, static_cast<std::size_t>(n)) < 0) std::_Exit(2);
  std::_Exit(1);
}

bool flag(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  using clock = std::chrono::steady_clock;
  const auto first = number(argc, argv, "--seed", 1), size = number(argc, argv, "--size", 0);
  const auto cases = number(argc, argv, "--cases", UINT64_MAX);
  const auto seconds = number(argc, argv, "--seconds", 0),
             wanted = number(argc, argv, "--events", seconds > 0 ? UINT64_MAX : 1'000'000);
  const bool log = flag(argc, argv, "--log"), go_on = flag(argc, argv, "--all");
  for (const int s : {SIGSEGV, SIGABRT, SIGFPE, SIGTERM, SIGINT}) std::signal(s, tell_seed);
  const auto begin = clock::now();
  auto told = begin;
  std::uint64_t events = 0, done = 0, failures = 0;
  const auto took = [&] { return std::chrono::duration<double>(clock::now() - begin).count(); };
  for (auto seed = first; events < wanted && done < cases && (seconds == 0 || took() < static_cast<double>(seconds));
       ++seed, ++done) {
    corchestra::tests::random_world w(seed, size > 0 ? static_cast<int>(size) : corchestra::tests::size_of_case(seed),
                                      log);
    running = seed;
    if (clock::now() - told > std::chrono::seconds(10)) {
      told = clock::now();
      std::fprintf(stderr, "soak: seed %llu, %llu events, %.0f s\n", static_cast<unsigned long long>(seed),
                   static_cast<unsigned long long>(events), took());
    }
    try {
      w.run();
    } catch (const std::exception& e) {
      if (log) std::fputs(w.log.c_str(), stdout);
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), e.what());
      ++failures;
      if (!go_on) break;
    }
    events += w.events();
  }
  std::printf("soak: %llu cases, %llu events, %.1f s, %s\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(events), took(), failures == 0 ? "all promises kept" : "FAILED");
  return failures == 0 ? 0 : 1;
}
