/** The installed package, required. */

const statehall = require("statehall");
const { exercise } = require("./exercise.js");

console.log(JSON.stringify(exercise(statehall)));
