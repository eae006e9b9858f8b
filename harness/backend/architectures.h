#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/backend/config.h"
#include "harness/backend/decoder.h"
#include "harness/backend/rope.h"
#include "harness/backend/slots.h"

namespace souvenir {

// Bounds on what a config may ask for, so that nothing it says can make us allocate without limit.
constexpr std::int64_t kMaxLayers = 1024;
constexpr std::int64_t kMaxHeads = 1024;
constexpr std::int64_t kMaxExperts = 1024;
constexpr std::int64_t kMaxHeadDim = std::int64_t{1} << 16U;
constexpr std::int64_t kMaxHidden = std::int64_t{1} << 17U;
constexpr std::int64_t kMaxIntermediate = std::int64_t{1} << 20U;
constexpr std::int64_t kMaxVocabulary = std::int64_t{1} << 24U;
constexpr std::int64_t kMaxPositions = std::int64_t{1} << 31U;

// How the file keeps it: as the decoder does; [in, out] (GPT-2's Conv1D); query, key and value of
// each head together, head after head (GPT-NeoX); or with a dimension for the heads (Cohere's norms
// on queries and keys).
enum class Layout { as_decoder, transposed, head_by_head, heads_apart };

struct TensorPlan {
  std::string name;
  Slot slot;
  std::int64_t layer = 0;  // of no meaning for slots outside the layers
  Layout layout = Layout::as_decoder;
  std::int64_t part = 0, parts = 1;  // which of so many equal parts of the slot
};

// In what order a checkpoint keeps the rows of query, key and value, where not as the decoder does.
//
//   grouped      the query heads of a group, then its key, then its value, group after group
//                (Falcon)
//   interleaved  dimensions that are rotated together are neighbours (GPT-J), not half a head apart
struct RowOrder {
  bool grouped = false;
  bool interleaved = false;
};

// What an architecture makes of a config: the decoder's options, and which tensor goes where.
//
//   tensors       every tensor the checkpoint must hold, but for the head
//   prefix        what all names but the head's begin with; a checkpoint of the bare model has it
//                 nowhere
//   embedding     name of the token embedding, which a tied head shares
//   heads         names the head's weight may have
//   head_bias     name of the head's bias; empty: it has none
//   ones          norms without a weight: places to fill with ones
//   row_order     of query, key and value in the checkpoint
//   tied          config says that the head is the token embedding
//   query_scales  [layers] or empty; what the queries of each layer are multiplied by
//   notes         for the evidence
struct Blueprint {
  DecoderSpec spec;
  std::vector<TensorPlan> tensors;
  std::string prefix;
  std::string embedding;
  std::vector<std::string> heads = {"lm_head.weight"};
  std::string head_bias;
  std::vector<TensorPlan> ones;
  RowOrder row_order;
  bool tied = false;
  std::vector<double> query_scales;
  std::vector<std::string> notes;

  void add(const std::string& name, Slot slot, std::int64_t layer = 0,
           Layout layout = Layout::as_decoder);
};

// Reads what a config describes.
//
// Errors  input: a model_type, activation, dtype, quantisation or rope_type that is not supported
//         (with the list of what is), a field of the wrong type or out of range
Blueprint read_blueprint(const ModelConfig& config);

// ---- for the files of the architectures --------------------------------------------------------

// Errors  input: not supported (with the list of what is)
Activation read_activation(const ModelConfig& config, const std::string& key,
                           const std::string& fallback);

// Reads layer_types: "full_attention" or "sliding_attention" per layer. Empty if there is none.
//
// Errors  input: another type, or not one per layer
std::vector<std::string> read_layer_types(const ModelConfig& config, std::int64_t layers);

// Gives one layer a window, unless it is as long as the context: then it changes nothing, and
// `notes` says so once.
void set_window(Blueprint& blueprint, std::int64_t layer, std::int64_t window);

// Reads a positive integer under an architecture's own name or the common one, which means the
// same.
//
// Errors  input: both are there, and differ
std::int64_t read_either(const ModelConfig& config, const std::string& own,
                         const std::string& common, std::int64_t high, std::int64_t fallback);

// Returns hidden / heads.
//
//   key  the field that says hidden
//
// Errors  input: heads do not divide it
std::int64_t head_dim_of(const ModelConfig& config, const std::string& key,
                         const DecoderSpec& spec);

// What the products of one expert are called.
struct ExpertNames {
  const char* gate;
  const char* up;
  const char* down;
};

// Names the tensors of a layer's experts, one after the other.
//
//   at  what their names begin with, before the expert's number
void add_experts(Blueprint& blueprint, std::int64_t layer, const std::string& at,
                 const ExpertNames& names);

// Makes all layers use the one rotary embedding of the model.
void set_rope(DecoderSpec& spec, const RopeParameters& parameters);
void use_rope(DecoderSpec& spec, Rope rope);

Blueprint read_bloom(const ModelConfig& config);
Blueprint read_cohere(const ModelConfig& config);
Blueprint read_falcon(const ModelConfig& config);
Blueprint read_gemma(const ModelConfig& config);
Blueprint read_gemma2(const ModelConfig& config);
Blueprint read_gpt_neo(const ModelConfig& config);
Blueprint read_gptj(const ModelConfig& config);
Blueprint read_granite(const ModelConfig& config);
Blueprint read_olmo(const ModelConfig& config);
Blueprint read_olmo2(const ModelConfig& config);
Blueprint read_opt(const ModelConfig& config);
Blueprint read_phi(const ModelConfig& config);
Blueprint read_phi3(const ModelConfig& config);
Blueprint read_smollm3(const ModelConfig& config);
Blueprint read_stablelm(const ModelConfig& config);
Blueprint read_starcoder2(const ModelConfig& config);
Blueprint read_gpt2(const ModelConfig& config);
Blueprint read_gpt_neox(const ModelConfig& config);
Blueprint read_llama(const ModelConfig& config);
Blueprint read_mixtral(const ModelConfig& config);
Blueprint read_qwen2_moe(const ModelConfig& config);
Blueprint read_mistral(const ModelConfig& config);
Blueprint read_qwen2(const ModelConfig& config);
Blueprint read_qwen3(const ModelConfig& config);
Blueprint read_gemma3_text(const ModelConfig& config);

}  // namespace souvenir
