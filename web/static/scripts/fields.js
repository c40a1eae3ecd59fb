// Errors beside the fields that they are of.

// Say what is wrong with a field; its own help stays tied to it.
export function showError(input, message) {
  const name = input.name;
  let error = document.getElementById(`${name}-error`);
  if (!error) {
    error = document.createElement("p");
    error.id = `${name}-error`;
    error.className = "field-error";
    input.after(error);
  }
  error.setAttribute("role", "alert");
  error.textContent = message;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `${name}-error ${name}-help`);
  input.focus();
}

export function clearErrors(form) {
  for (const error of form.querySelectorAll(".field-error")) error.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.setAttribute("aria-describedby", `${input.name}-help`);
  }
}
