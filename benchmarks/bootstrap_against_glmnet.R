# The four cross-validated LASSO signatures of some resamples, each timed.
#   Rscript bootstrap_against_glmnet.R FOLDER FIRST LAST
# FOLDER holds what bootstrap_against_glmnet.py wrote: features.bin (doubles, column after
# column), outcome.csv, signatures.csv (signature, first and last column) and resamples.csv
# (resample, row, fold). Only cv.glmnet() is timed.
suppressPackageStartupMessages(library(glmnet))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
wanted <- seq(as.integer(arguments[2]), as.integer(arguments[3]))
read <- function(name) read.csv(file.path(folder, name))

outcome <- read("outcome.csv")$outcome
signatures <- read("signatures.csv")
p <- max(signatures$last)
n <- length(outcome)
features <- matrix(readBin(file.path(folder, "features.bin"), "double", n * p), n, p)
resamples <- read("resamples.csv")

rows <- list()
for (resample in wanted) {
  drawn <- resamples[resamples$resample == resample, ]
  x <- features[drawn$row, ]
  y <- outcome[drawn$row]
  z <- sweep(x, 2, colMeans(x))
  z <- sweep(z, 2, sqrt(colMeans(z^2)), "/")
  for (i in seq_len(nrow(signatures))) {
    columns <- seq(signatures$first[i], signatures$last[i])
    part <- z[, columns]
    time <- system.time(
      cv <- cv.glmnet(part, y, family = "binomial", foldid = drawn$fold),
      gcFirst = FALSE
    )
    kept <- which(coef(cv, s = "lambda.min")[-1] != 0)
    rows[[length(rows) + 1]] <- data.frame(
      resample = resample,
      signature = signatures$signature[i],
      cpu_seconds = time[["user.self"]] + time[["sys.self"]],
      wall_seconds = time[["elapsed"]],
      penalty = sprintf("%.17g", cv$lambda.min),
      selected = paste(kept, collapse = " ")
    )
  }
}
name <- sprintf("glmnet_%d.csv", wanted[1])
write.csv(do.call(rbind, rows), file.path(folder, name), row.names = FALSE)
