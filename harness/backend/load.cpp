#include "harness/backend/load.h"

#include <algorithm>
#include <new>
#include <utility>

#include "harness/backend/adapter.h"
#include "harness/backend/decoder_model.h"
#include "harness/backend/device.h"
#include "harness/backend/free_memory.h"
#include "harness/backend/load_weights.h"
#include "harness/backend/memory_plan.h"
#include "harness/backend/stored_dtype.h"
#include "harness/error.h"

namespace souvenir {

namespace {

std::string dtype_name(at::ScalarType dtype) {
  return dtype == at::kFloat ? "float32" : dtype == at::kHalf ? "float16" : "bfloat16";
}

// Keeps the ids that the model can emit: some configs name one that it has no row for.
std::vector<TokenId> ids_in(const std::vector<std::int64_t>& ids, std::int64_t vocabulary) {
  std::vector<TokenId> kept;
  for (const std::int64_t id : ids) {
    if (id >= 0 && id < vocabulary) {
      kept.push_back(static_cast<TokenId>(id));
    }
  }
  return kept;
}

void add_weight_notes(const Match& match, const Blueprint& blueprint, const LoadedWeights& loaded,
                      std::vector<std::string>& notes) {
  if (match.quantised) {
    notes.push_back("quantised weights (" + match.dtypes +
                    "), decoded when they are loaded: the numbers are the quantised model's");
  } else if (match.dtypes.find(',') != std::string::npos) {
    notes.push_back("weights stored in several dtypes (" + match.dtypes + "): taken as float32");
  }
  if (loaded.parted && !loaded.tied) {
    notes.emplace_back(
        "the adapter changes one of head and embedding, which are one weight in the base model, or "
        "each in its own way: they are two, as PEFT computes with the adapter beside the base");
  } else if (blueprint.tied && !loaded.tied) {
    notes.emplace_back(
        "config.json ties head and embedding, but the file holds a head of its own "
        "that differs: the file's is used, as the reference library does");
  }
}

// Counts the numbers loaded, a head that turned out to be the embedding once.
std::int64_t count_parameters(const Match& match, const Blueprint& blueprint, bool tied) {
  const auto head =
      std::find_if(match.tensors.begin(), match.tensors.end(),
                   [](const TensorPlan& plan) { return plan.slot == Slot::head_weight; });
  const bool twice = tied && head != match.tensors.end();
  return match.parameters - (twice ? elements_of(blueprint.spec, *head) : 0);
}

ModelInfo describe(const Checkpoint& checkpoint, const Blueprint& blueprint, const Match& match,
                   const LoadedWeights& loaded) {
  const DecoderSpec& spec = blueprint.spec;
  ModelInfo info;
  info.architecture = spec.architecture;
  info.vocabulary = spec.vocabulary;
  info.context_tokens = spec.context_tokens;
  info.layers = static_cast<std::int64_t>(spec.layers.size());
  info.parameters = count_parameters(match, blueprint, loaded.tied);
  info.stored_dtype = match.quantised ? match.most : dtype_name(match.stored_dtype);
  info.quantisation = match.quantised ? match.dtypes : "";
  info.eos_ids = ids_in(checkpoint.eos_ids, spec.vocabulary);
  info.files = checkpoint.files;
  info.files.insert(info.files.end(), loaded.files.begin(), loaded.files.end());
  std::sort(info.files.begin(), info.files.end(),
            [](const FileDigest& a, const FileDigest& b) { return a.name < b.name; });
  info.notes = checkpoint.notes;
  info.notes.insert(info.notes.end(), blueprint.notes.begin(), blueprint.notes.end());
  add_weight_notes(match, blueprint, loaded, info.notes);
  return info;
}

// Decides whether the layers stay in memory.
LayerReading decide_reading(const LoadOptions& options, at::Device device,
                            const MemoryNeeds& needs) {
  const bool given = options.memory_bytes > 0;
  if (!device.is_cpu()) {
    if (!given) return {};
    throw Error(ErrorKind::usage, "--memory: expected a model on the CPU, found one on " +
                                      device.str() + ": it is not there for other devices");
  }
  const MemoryState memory = read_memory();
  if (given) return plan_memory(needs, options.memory_bytes, memory.resident);
  if (memory.total == 0) return {};  // this system does not say
  try {
    return plan_memory(needs, memory.free + memory.resident, memory.resident);
  } catch (const Error&) {
    return {};  // nobody gave a limit: let the system say whether it fits
  }
}

// Everything that layers are read from, again and again.
struct Source {
  Checkpoint checkpoint;
  Blueprint blueprint;
  Match match;
  std::optional<Adapter> adapter;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;

  const Adapter* adapter_or_null() const { return adapter ? &*adapter : nullptr; }
};

ReadLayer reader_of(std::shared_ptr<const Source> source) {
  return [source = std::move(source)](std::size_t index) {
    return load_layer(source->blueprint, source->match, source->checkpoint,
                      static_cast<std::int64_t>(index), source->dtype, source->device,
                      source->adapter_or_null());
  };
}

Source open_source(const std::filesystem::path& directory, const LoadOptions& options) {
  const at::Device device = resolve_device(options.device);
  Checkpoint checkpoint = open_checkpoint(directory);
  Blueprint blueprint = read_blueprint(checkpoint.config);
  Match match = match_tensors(blueprint, checkpoint);
  const at::ScalarType dtype = resolve_dtype(options.dtype, match.stored_dtype, device).dtype;
  std::optional<Adapter> adapter;
  if (!options.adapter.empty()) {
    adapter = read_adapter(options.adapter);
    check_saved_modules(*adapter, blueprint);
    resize_vocabulary(*adapter, blueprint, match);
    if (blueprint.tied && changes_apart(*adapter, blueprint)) add_own_head(blueprint, match);
  }
  return {std::move(checkpoint),
          std::move(blueprint),
          std::move(match),
          std::move(adapter),
          dtype,
          device};
}

std::unique_ptr<LanguageModel> load(const std::filesystem::path& directory,
                                    const LoadOptions& options) {
  const auto source = std::make_shared<Source>(open_source(directory, options));
  const LayerReading reading =
      decide_reading(options, source->device,
                     memory_needs(source->blueprint.spec, source->match.tensors, source->dtype));
  const bool anew = reading.pass_tokens > 0;
  LoadedWeights loaded = load_weights(source->blueprint, source->match, source->checkpoint,
                                      source->dtype, source->device, source->adapter_or_null(),
                                      anew ? WeightsPart::outside_layers : WeightsPart::all);
  if (source->adapter) {
    const auto& files = source->adapter->info.files;
    loaded.files.insert(loaded.files.end(), files.begin(), files.end());
  }
  ModelInfo info = describe(source->checkpoint, source->blueprint, source->match, loaded);
  if (source->adapter) info.adapter = source->adapter->info;
  info.compute_dtype = dtype_name(source->dtype);
  info.device = source->device.str();
  info.threads = options.threads > 0 ? options.threads : usable_threads();
  info.layers_read = reading;
  DecoderSpec spec = source->blueprint.spec;
  spec.tied_head = loaded.tied;
  spec.eos_ids = info.eos_ids;
  return make_decoder_model(std::move(spec), std::move(loaded.weights), std::move(info), {},
                            anew ? reader_of(source) : ReadLayer());
}

}  // namespace

std::string supported_safetensors_types() { return stored_dtype_names(false); }

std::string supported_gguf_types() { return stored_dtype_names(true); }

std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path& directory,
                                                   const LoadOptions& options) {
  try {
    const c10::InferenceMode no_gradients;
    return load(directory, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::resource, directory.string() + ": not enough memory to load it");
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("memory") != std::string::npos;
    throw Error(memory ? ErrorKind::resource : ErrorKind::internal,
                directory.string() + ": " +
                    (memory ? "not enough memory to load it" : "libtorch: " + what));
  }
}

}  // namespace souvenir
