#include <corchestra/plan/resource_rules.hpp>

namespace corchestra {

std::string_view standard_resource_rules_text() {
  return R"yaml(# Which resources a task needs, when it names none. A task must fit one entry of `when`; of an entry, every key; of a
# key's list, one.
rules:
  - when:
      - agents: ["*backend*", server, "server_*", "*_server", "*api_developer*"]
      - task_types: [backend, "backend_*", "api_*"]
      - words: [backend, back-end, server, microservice, endpoint, endpoints]
    resources: [backend_services]
  - when:
      - agents: ["*frontend*", "*front_end*", "*web_developer*"]
      - task_types: [frontend, "frontend_*"]
      - words: [frontend, front-end, css, stylesheet, javascript, bundle]
    resources: [frontend_assets]
  - when:
      - agents: [ui, "ui_*", "*_ui", "*_ui_*", ux, "ux_*", "*_ux", "*designer*"]
      - task_types: ["ui_*", component, "component_*"]
      - words: [ui, component, components, widget, button, layout]
    resources: [ui_components]
  - when:
      - agents: ["doc_*", "*_doc", "*_doc_*", "*docs*", "*documentation*", "*technical_writer*"]
      - task_types: [documentation, "documentation_*", docs]
      - words: [documentation, docs, readme, changelog, tutorial]
    resources: [documentation_files]
  - when:
      - agents: ["*database*", dba, "dba_*", "*_dba"]
      - task_types: [database, "database_*", migration]
      - words: [database, sql, migration, migrations, schema]
    resources: [database_config]
  - when: {context: [requires_gpu]}
    resources: [gpu_compute]
  - when: {context: [requires_external_api]}
    resources: [external_api_quota]

# Tasks that only read: they share what others lock.
reading:
  - agents: ["*validat*", "*review*", "*audit*", "*tester*", "*testing*", "test_*", qa, "qa_*", "*_qa", "*analyst*"]
  - task_types: [validation, review, audit, analysis, test, testing, check]
  - words: [read, review, validate, verify, check, inspect, analyse, analyze, audit, summarise, summarize]
# Unless they also write.
writing:
  words: [write, rewrite, create, add, change, update, edit, fix, implement, build, generate, remove, delete, refactor,
    install, deploy, migrate]

# Not locks: so many at once, or so many in a time.
limits:
  gpu_compute: 1
  external_api_quota: {rate: 60, per: 1m}

groups:
  - group: backend_tasks
    when: {agents: ["*backend*", server, "server_*", "*_server", "*api_developer*", "*database*", dba, "dba_*", "*_dba"]}
  - group: frontend_tasks
    when: {agents: ["*frontend*", "*front_end*", "*web_developer*", ui, "ui_*", "*_ui", "*_ui_*", ux, "ux_*", "*_ux", "*designer*"]}
  - group: documentation_tasks
    when: {agents: ["doc_*", "*_doc", "*_doc_*", "*docs*", "*documentation*", "*technical_writer*"]}
  - group: validation_tasks
    when: {agents: ["*validat*", "*review*", "*audit*", "*tester*", "*testing*", "test_*", qa, "qa_*", "*_qa"]}
other_group: general_tasks
)yaml";
}

const resource_rules& standard_resource_rules() {
  static const resource_rules rules =
      parse_resource_rules(standard_resource_rules_text(), "the standard rules").value();
  return rules;
}

}  // namespace corchestra
