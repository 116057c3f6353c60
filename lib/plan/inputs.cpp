#include "plan/inputs.hpp"

#include "plan/field.hpp"
#include "plan/parse.hpp"

namespace corchestra::plan_file {

result<void> set_inputs(plan_document& plan, const plan_load_options& options) {
  for (const auto& [key, value] : options.set) {
    const auto declared = plan.inputs.find(key);
    if (declared == plan.inputs.end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : plan.inputs.items()) known.push_back(name);
      return fail(errc::invalid_argument, concat("--set ", quote(key), ": ", plan.source, " declares no such input",
                                                 suggestion(key, known, "inputs")));
    }
    if (first_bad_utf8_line(value) != 0)
      return fail(errc::invalid_argument, concat("--set ", quote(key), ": the value is not UTF-8"));
    *declared = declared->is_string() ? json(value) : plain_scalar(value);
  }
  return {};
}

}  // namespace corchestra::plan_file
