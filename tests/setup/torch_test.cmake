# Shows harness/backend/torch.cmake small trees that look like one libtorch or another, and expects
# it to take or refuse each in one line. No libtorch and no compiler is needed.
#
#   cmake -D SCRATCH=FOLDER -P tests/setup/torch_test.cmake

cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(new_name "_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcEE")
set(old_name "_ZN3c105ErrorC1ENS_14SourceLocationESs")

# Writes what torch.cmake looks at: headers under `prefix`/include, libraries in `libraries`.
function(write_libtorch prefix libraries version abi)
  string(REPLACE "." ";" parts "${version}")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  list(GET parts 2 patch)
  file(WRITE "${prefix}/include/ATen/ATen.h" "")
  file(WRITE "${prefix}/include/torch/csrc/api/include/torch/version.h"
    "#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n"
    "#define TORCH_VERSION_PATCH ${patch}\n")
  foreach(name c10 torch torch_cpu ${ARGN})
    file(WRITE "${libraries}/lib${name}.so" "${abi}\n")
  endforeach()
endfunction()

# Configures the small project with the given arguments and expects `expected` in what it prints.
function(expect name expected)
  execute_process(
    COMMAND ${CMAKE_COMMAND} --fresh -G Ninja -S "${SCRATCH}/project" -B "${SCRATCH}/project/build"
      -D CMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu ${ARGN}
    OUTPUT_VARIABLE out ERROR_VARIABLE out)
  string(FIND "${out}" "${expected}" at)
  if(at EQUAL -1)
    message(SEND_ERROR " ${name}: expected: ${expected}\n found: ${out}")
  endif()
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/project/CMakeLists.txt" "cmake_minimum_required(VERSION 3.25)\n"
  "project(libtorch_test LANGUAGES NONE)\n"
  "set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS TRUE)\n"
  "include(\"${root}/harness/backend/torch.cmake\")\n")

foreach(tree wheel cuda old_version old_abi package)
  set(${tree} "${SCRATCH}/${tree} with a space/torch")
  file(WRITE "${${tree}}/__init__.py" "")
  file(WRITE "${${tree}}/share/cmake/Torch/TorchConfig.cmake" "")
endforeach()
set(none -D SOUVENIR_PYTHON3=/nonexistent)
write_libtorch("${wheel}" "${wheel}/lib" 2.13.0 ${new_name})
write_libtorch("${cuda}" "${cuda}/lib" 2.11.0 ${new_name} torch_cuda)
write_libtorch("${old_version}" "${old_version}/lib" 2.4.1 ${new_name})
write_libtorch("${old_abi}" "${old_abi}/lib" 2.5.1 ${old_name})
set(debian "${SCRATCH}/debian/usr")
write_libtorch("${debian}" "${debian}/lib/x86_64-linux-gnu" 2.6.0 ${new_name})
file(WRITE "${debian}/lib/x86_64-linux-gnu/cmake/Torch/TorchConfig.cmake" "")

expect("a CPU wheel" "-- libtorch 2.13.0, C++11 ABI, no CUDA, from Torch_DIR (${wheel})"
  ${none} "-DTorch_DIR=${wheel}/share/cmake/Torch")
expect("a CUDA wheel, no nvcc" "-- libtorch 2.11.0, C++11 ABI, CUDA, from Torch_DIR (${cuda})"
  ${none} "-DTorch_DIR=${cuda}/share/cmake/Torch")
expect("a version too old" "libtorch: expected 2.5 or newer, found 2.4.1 at ${old_version}"
  ${none} "-DTorch_DIR=${old_version}/share/cmake/Torch")
expect("the old ABI" "libtorch: expected the C++11 ABI"
  ${none} "-DTorch_DIR=${old_abi}/share/cmake/Torch")
expect("a distribution" "-- libtorch 2.6.0, C++11 ABI, no CUDA, from Torch_DIR (${debian})"
  ${none} "-DTorch_DIR=${debian}/lib/x86_64-linux-gnu/cmake/Torch")
foreach(found "${wheel}" "${debian}")
  expect("a prefix" "from CMAKE_PREFIX_PATH (${found})" ${none} "-DCMAKE_PREFIX_PATH=${found}")
endforeach()
set(ENV{CMAKE_PREFIX_PATH} "/nowhere:${wheel}/share/cmake")
expect("a prefix in the environment" "from CMAKE_PREFIX_PATH (${wheel})" ${none})
unset(ENV{CMAKE_PREFIX_PATH})
expect("no libtorch" "expected include/ATen/ATen.h in or above ${SCRATCH}/project"
  ${none} "-DTorch_DIR=${SCRATCH}/project")
expect("nothing" "expected Torch_DIR, CMAKE_PREFIX_PATH or a torch importable by python3, found none"
  ${none})

# A torch that python3 can import comes after what the user names and before build/venv.
get_filename_component(packages "${package}" DIRECTORY)
write_libtorch("${package}" "${package}/lib" 2.9.0 ${new_name})
set(ENV{PYTHONPATH} "${packages}")
expect("an importable torch" "-- libtorch 2.9.0, C++11 ABI, no CUDA, from ")
expect("an importable torch, and another one named" "from Torch_DIR (${wheel})"
  "-DTorch_DIR=${wheel}/share/cmake/Torch")
file(REMOVE "${package}/lib/libtorch_cpu.so")
expect("an importable torch without its library" "libtorch: expected libtorch_cpu.so, found none")
file(REMOVE_RECURSE "${SCRATCH}")
