# Finds libtorch and defines the target souvenir_torch.
#
# Order: Torch_DIR or CMAKE_PREFIX_PATH given by the user (cache or environment); a torch that
# python3 can import; the one ./dev put under build/venv. The first found is taken or refused, never
# skipped.
#
# The libraries are linked directly. Torch's own CMake files would do the same, but those of a CUDA
# build ask for nvcc, which code that only calls ATen does not need.

set(SOUVENIR_TORCH_MINIMUM 2.5)

# Stops with one line. CMake wraps a message unless it begins with a space.
function(souvenir_refuse_torch)
  string(CONCAT text ${ARGN})
  message(FATAL_ERROR " libtorch: ${text}; -DTorch_DIR= names another")
endfunction()

# Sets `result` to the folder of the package torch that `python` would import, or to nothing.
function(souvenir_python_torch python result)
  set(found "")
  if(EXISTS "${python}")
    string(CONCAT program "import importlib.util as u, os\ns = u.find_spec('torch')\n"
      "print(os.path.dirname(s.origin) if s and s.origin else '')")
    execute_process(COMMAND ${python} -c "${program}"
      WORKING_DIRECTORY / OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Sets torch_prefix, the folder that holds include/ATen, and torch_from, who named it.
function(souvenir_locate_torch)
  set(given "${Torch_DIR}")
  set(from "Torch_DIR")
  if(NOT given)
    set(given "$ENV{Torch_DIR}")
  endif()
  if(NOT given)
    string(REPLACE ":" ";" prefixes "$ENV{CMAKE_PREFIX_PATH}")
    foreach(prefix IN LISTS CMAKE_PREFIX_PATH prefixes)
      file(GLOB configs "${prefix}/TorchConfig.cmake" "${prefix}/Torch/TorchConfig.cmake"
        "${prefix}/share/cmake/Torch/TorchConfig.cmake"
        "${prefix}/lib*/cmake/Torch/TorchConfig.cmake"
        "${prefix}/lib/*/cmake/Torch/TorchConfig.cmake")
      if(configs AND NOT given)
        list(GET configs 0 config)
        get_filename_component(given "${config}" DIRECTORY)
        set(from "CMAKE_PREFIX_PATH")
      endif()
    endforeach()
  endif()
  if(given)  # kept, so that a later run without the environment does not take another
    set(Torch_DIR "${given}" CACHE PATH "libtorch, as given" FORCE)
  endif()
  find_program(SOUVENIR_PYTHON3 python3)
  mark_as_advanced(SOUVENIR_PYTHON3)
  foreach(python "${SOUVENIR_PYTHON3}" "${PROJECT_SOURCE_DIR}/build/venv/bin/python3")
    if(NOT given)
      souvenir_python_torch("${python}" given)
      set(from "${python}")
    endif()
  endforeach()
  if(NOT given)
    message(FATAL_ERROR " libtorch: expected Torch_DIR, CMAKE_PREFIX_PATH or a torch importable by "
      "python3, found none; ./dev build installs one under build/venv, "
      "and -DSOUVENIR_BACKEND=OFF builds without it")
  endif()
  # Upwards from a CMake folder (share/cmake/Torch, lib/x86_64-linux-gnu/cmake/Torch) or from torch.
  get_filename_component(prefix "${given}" REALPATH)
  foreach(step RANGE 4)
    if(NOT EXISTS "${prefix}/include/ATen/ATen.h")
      get_filename_component(prefix "${prefix}" DIRECTORY)
    endif()
  endforeach()
  if(NOT EXISTS "${prefix}/include/ATen/ATen.h")
    souvenir_refuse_torch("expected include/ATen/ATen.h in or above ${given} (from ${from}), "
      "found none")
  endif()
  set(torch_prefix "${prefix}" PARENT_SCOPE)
  set(torch_from "${from}" PARENT_SCOPE)
endfunction()

# Sets torch_version from the headers. They moved in 2.9; both places are read.
function(souvenir_read_torch_version prefix)
  set(version "")
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT version AND EXISTS "${prefix}/include/${header}")
      file(READ "${prefix}/include/${header}" text)
      if(text MATCHES "TORCH_VERSION_MAJOR ([0-9]+)")
        set(version "${CMAKE_MATCH_1}")
        string(REGEX MATCH "TORCH_VERSION_MINOR ([0-9]+)" matched "${text}")
        string(APPEND version ".${CMAKE_MATCH_1}")
        string(REGEX MATCH "TORCH_VERSION_PATCH ([0-9]+)" matched "${text}")
        string(APPEND version ".${CMAKE_MATCH_1}")
      endif()
    endif()
  endforeach()
  set(torch_version "${version}" PARENT_SCOPE)
endfunction()

# Defines an imported target for lib<name>.so of the libtorch at `prefix`, if it is there.
function(souvenir_import_torch_library prefix name)
  find_library(path ${name} NO_CACHE NO_DEFAULT_PATH
    PATHS "${prefix}/lib" "${prefix}/lib64" "${prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
  if(path)
    add_library(souvenir_torch_${name} SHARED IMPORTED)
    set_target_properties(souvenir_torch_${name} PROPERTIES IMPORTED_LOCATION "${path}")
  endif()
endfunction()

souvenir_locate_torch()
souvenir_read_torch_version("${torch_prefix}")
if(NOT torch_version)
  souvenir_refuse_torch("expected a version in include/torch, found none at ${torch_prefix}")
endif()
if(torch_version VERSION_LESS SOUVENIR_TORCH_MINIMUM)
  souvenir_refuse_torch("expected ${SOUVENIR_TORCH_MINIMUM} or newer, found ${torch_version} "
    "at ${torch_prefix} (from ${torch_from})")
endif()

foreach(name c10 torch_cpu torch torch_cuda torch_hip)
  souvenir_import_torch_library("${torch_prefix}" ${name})
endforeach()
foreach(name c10 torch_cpu torch)
  if(NOT TARGET souvenir_torch_${name})
    souvenir_refuse_torch("expected lib${name}.so, found none in ${torch_prefix}/lib "
      "(from ${torch_from})")
  endif()
endforeach()

# The constructor of c10::Error takes a std::string, whose mangled name tells the ABI apart.
get_target_property(torch_c10 souvenir_torch_c10 IMPORTED_LOCATION)
file(STRINGS "${torch_c10}" torch_old_abi LIMIT_COUNT 1
  REGEX "_ZN3c105ErrorC[12]ENS_14SourceLocationESs")
if(torch_old_abi)
  souvenir_refuse_torch("expected the C++11 ABI (_GLIBCXX_USE_CXX11_ABI=1, as the system's "
    "libraries), found the old one in ${torch_version} at ${torch_prefix} (from ${torch_from})")
endif()

# Nothing calls the accelerator libraries by name: without --no-as-needed the linker may drop them,
# and the device would be missing at run time.
set(CMAKE_CXX_LINK_LIBRARY_USING_always_needed
  "LINKER:--push-state,--no-as-needed" "<LINK_ITEM>" "LINKER:--pop-state")
set(CMAKE_CXX_LINK_LIBRARY_USING_always_needed_SUPPORTED TRUE)
add_library(souvenir_torch INTERFACE)
target_include_directories(souvenir_torch SYSTEM INTERFACE
  "${torch_prefix}/include" "${torch_prefix}/include/torch/csrc/api/include")
target_link_libraries(souvenir_torch INTERFACE
  souvenir_torch_torch souvenir_torch_torch_cpu souvenir_torch_c10)
set(torch_accelerator "no CUDA")
foreach(name cuda hip)
  if(TARGET souvenir_torch_torch_${name})
    target_link_libraries(souvenir_torch INTERFACE
      $<LINK_LIBRARY:always_needed,souvenir_torch_torch_${name}>)
    string(TOUPPER "${name}" torch_accelerator)
  endif()
endforeach()
# at::parallel_for is compiled into our code and runs one thread without this. As an option, not as
# OpenMP::OpenMP_CXX: that names the compiler's libgomp, and torch's folder holds one of its own.
target_compile_options(souvenir_torch INTERFACE -fopenmp)
target_link_options(souvenir_torch INTERFACE -fopenmp)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)  # an installed souvenir finds the same libtorch

message(STATUS "libtorch ${torch_version}, C++11 ABI, ${torch_accelerator}, "
  "from ${torch_from} (${torch_prefix})")
