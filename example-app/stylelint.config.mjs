/** Finds invalid values as well as habits: an unknown property or value is dropped by browsers without a word. */
export default {
  extends: "stylelint-config-standard",
  rules: {
    "declaration-property-value-no-unknown": true,
    "no-descending-specificity": null,
    "custom-property-pattern": null,
  },
};
