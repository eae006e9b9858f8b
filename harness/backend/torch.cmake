# Finds libtorch, in this order: Torch_DIR or CMAKE_PREFIX_PATH given by the user; a torch that
# python3 can import; the one ./dev put under build/venv. Defines the target souvenir_torch.
#
# A CUDA build of torch without the CUDA toolkit is linked directly: its own CMake files would ask
# for nvcc, which C++ code that only calls ATen does not need.

set(SOUVENIR_TORCH_MINIMUM 2.5)

function(souvenir_python_torch python result)
  set(${result} "" PARENT_SCOPE)
  if(EXISTS ${python})
    execute_process(
      COMMAND ${python} -c "import importlib.util as u,os; s=u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    set(${result} "${found}" PARENT_SCOPE)
  endif()
endfunction()

set(torch_root "")
if(NOT Torch_DIR)
  find_package(Torch QUIET PATHS ${CMAKE_PREFIX_PATH} NO_DEFAULT_PATH)
endif()
if(NOT Torch_DIR OR Torch_DIR MATCHES "NOTFOUND")
  find_program(SOUVENIR_PYTHON3 python3)
  foreach(python "${SOUVENIR_PYTHON3}" "${PROJECT_SOURCE_DIR}/build/venv/bin/python")
    if(NOT torch_root)
      souvenir_python_torch("${python}" torch_root)
      set(torch_from "${python}")
    endif()
  endforeach()
  if(NOT torch_root)
    message(FATAL_ERROR "libtorch: expected Torch_DIR, CMAKE_PREFIX_PATH or a torch importable by "
      "python3, found none. './dev build' installs one under build/venv; "
      "-DSOUVENIR_BACKEND=OFF builds without it.")
  endif()
  set(Torch_DIR "${torch_root}/share/cmake/Torch" CACHE PATH "libtorch" FORCE)
else()
  set(torch_from "Torch_DIR")
  get_filename_component(torch_root "${Torch_DIR}/../../.." ABSOLUTE)
endif()

set(torch_cuda OFF)
if(EXISTS "${torch_root}/lib/libtorch_cuda.so")
  set(torch_cuda ON)
  find_program(SOUVENIR_NVCC nvcc)
endif()
file(GLOB_RECURSE torch_version_header "${torch_root}/include/torch/headeronly/version.h"
  "${torch_root}/include/torch/csrc/api/include/torch/version.h")
add_library(souvenir_torch INTERFACE)
if(torch_cuda)
  target_include_directories(souvenir_torch SYSTEM INTERFACE
    ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
  target_link_libraries(souvenir_torch INTERFACE
    "-Wl,--no-as-needed,${torch_root}/lib/libtorch.so,${torch_root}/lib/libtorch_cuda.so,--as-needed"
    ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
  target_link_options(souvenir_torch INTERFACE "-Wl,-rpath,${torch_root}/lib")
else()
  find_package(Torch REQUIRED QUIET)
  target_include_directories(souvenir_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(souvenir_torch INTERFACE ${TORCH_LIBRARIES})
  separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(souvenir_torch INTERFACE ${torch_flags})
endif()

file(WRITE ${CMAKE_BINARY_DIR}/torch_check.cpp
  "#include <torch/version.h>\n#include <string>\n#include <c10/util/Exception.h>\n"
  "SOUVENIR_VERSION TORCH_VERSION\n"
  "int main() { try { TORCH_CHECK(false, std::string(\"x\")); } catch (const c10::Error&) {} }\n")
execute_process(
  COMMAND ${CMAKE_CXX_COMPILER} -E -P -std=c++20 -I${torch_root}/include
    -I${torch_root}/include/torch/csrc/api/include ${CMAKE_BINARY_DIR}/torch_check.cpp
  OUTPUT_VARIABLE preprocessed ERROR_QUIET)
string(REGEX MATCH "SOUVENIR_VERSION \"([0-9]+\\.[0-9]+\\.[0-9]+)[^\"]*\"" matched "${preprocessed}")
set(torch_version "${CMAKE_MATCH_1}")
if(NOT torch_version AND Torch_VERSION)
  set(torch_version "${Torch_VERSION}")
endif()
if(torch_version AND torch_version VERSION_LESS SOUVENIR_TORCH_MINIMUM)
  message(FATAL_ERROR
    "libtorch: expected ${SOUVENIR_TORCH_MINIMUM} or newer, found ${torch_version} at ${torch_root}")
endif()
if("${TORCH_CXX_FLAGS}" MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "libtorch: expected the C++11 ABI (as Debian's libraries), found the old one "
    "at ${torch_root}")
endif()
message(STATUS "libtorch ${torch_version}, C++11 ABI, CUDA ${torch_cuda}, from ${torch_from} (${torch_root})")
set(SOUVENIR_TORCH_ROOT "${torch_root}")
