#include "harness/cli/verb.h"

namespace souvenir::cli {

const std::vector<AddVerb>& verbs() {
  static const std::vector<AddVerb> table = {
#ifdef SOUVENIR_BACKEND
      add_audit,    add_demo,  add_tokenize, add_score,    add_generate, add_doctor,
#endif
      add_canaries, add_twins, add_init,     add_validate, add_gate,     add_report,
      add_merge,    add_diff,  add_verify,   add_subject,  add_list,     add_explain,
  };
  return table;
}

}  // namespace souvenir::cli
