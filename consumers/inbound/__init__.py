"""What other systems tell us over Kafka: each topic in its own words, until they are commands of ours."""
