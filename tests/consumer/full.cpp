#include <iostream>

#include <corchestra/net/digest.hpp>
#include <corchestra/plan/plan_document.hpp>
#include <corchestra/session/session.hpp>

// Links every layer: reads the commented plan with the YAML reader and hashes it with OpenSSL.
int main() {
  const auto plan = corchestra::parse_plan(corchestra::plan_template(), "template", corchestra::plan_format::yaml);
  if (!plan) {
    std::cerr << plan.error().message << '\n';
    return 1;
  }
  std::cout << plan->plan.tasks.size() << " tasks, " << corchestra::net::sha256_hex(corchestra::plan_template()) << '\n';
  return 0;
}
