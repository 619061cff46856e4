// Tells the desk the agent's time zone, so that pages show local times.
document.cookie =
  "zone=" + encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC") + ";path=/;samesite=lax;max-age=31536000";
document.documentElement.classList.add("scripted");
