#include <corchestra/plan/plan_document.hpp>

#include "terminal.hpp"
#include "verb.hpp"

namespace corchestra::program {

verb add_schema(CLI::App& app) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of plans");
  command->footer(
      "Example:\n"
      "  corchestra schema > corchestra-plan.schema.json\n\n"
      "With it an editor checks and completes plans; YAML editors take it from a first line\n"
      "  # yaml-language-server: $schema=corchestra-plan.schema.json");
  return {command, [] {
            print(dump_json(plan_schema(), 2) + '\n');
            return exit_code::success;
          }};
}

}  // namespace corchestra::program
