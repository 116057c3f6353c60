#pragma once

#include <memory>

#include <corchestra/llm/api_client.hpp>

#include "llm/endpoint.hpp"

namespace corchestra::llm {

std::shared_ptr<api_client> make_openai_api(std::shared_ptr<endpoint> at);

}  // namespace corchestra::llm
