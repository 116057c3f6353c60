#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <corchestra/base/error.hpp>

namespace corchestra {

namespace asio = boost::asio;
using asio::any_io_executor;
using asio::awaitable;

/// Runs what an outside cancellation or Asio itself throws into the project's form: `cancelled` for operation_aborted,
/// the carried error for `error_exception`, `task_failed` with the text of any other exception.
error error_from_exception(std::exception_ptr e);

}  // namespace corchestra
