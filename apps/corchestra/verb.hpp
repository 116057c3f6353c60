#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include <corchestra/session/exit_code.hpp>

namespace corchestra::program {

/// One verb of the program: its subcommand, and what it does once the command line was read.
struct verb {
  CLI::App* command = nullptr;
  std::function<exit_code()> perform;
};

verb add_run(CLI::App& app);
verb add_batch(CLI::App& app);
verb add_check(CLI::App& app);
verb add_analyze(CLI::App& app);
verb add_schema(CLI::App& app);
verb add_init(CLI::App& app);
verb add_simulate(CLI::App& app);
verb add_config(CLI::App& app);
verb add_plan(CLI::App& app);

}  // namespace corchestra::program
